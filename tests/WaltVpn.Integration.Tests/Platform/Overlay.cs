using System.Diagnostics;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>Another file in the place of one, for everybody, until it is disposed: a bind mount, which no rename can undo.</summary>
internal sealed class Overlay : IDisposable
{
    private readonly string _path;

    private Overlay(string path) => _path = path;

    /// <summary>Puts a file in the place of another.</summary>
    public static async Task<Overlay> File(string path, string substitute)
    {
        await Tool.Succeed("mount", "--bind", substitute, path);
        return new Overlay(path);
    }

    /// <summary>Puts a text in the place of a file.</summary>
    public static async Task<Overlay> Text(string path, string text)
    {
        var substitute = Path.Combine("/run", $"overlay-{Guid.NewGuid():n}");
        await System.IO.File.WriteAllTextAsync(substitute, text);
        return await File(path, substitute);
    }

    /// <summary>Makes a file look empty.</summary>
    public static Task<Overlay> Empty(string path) => Text(path, "");

    public void Dispose()
    {
        using var unmount = Process.Start("umount", ["--lazy", _path]);
        unmount.WaitForExit();
    }
}

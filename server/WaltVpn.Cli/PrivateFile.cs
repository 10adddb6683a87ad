using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace WaltVpn.Cli;

/// <summary>A file for its owner only: the person at the keyboard, also when she came through sudo.</summary>
internal static class PrivateFile
{
    /// <summary>Writes it under another name first: a file of that name is whole, private and hers from its first moment.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="replace">Takes the place of an existing file; else that is refused.</param>
    /// <param name="text">What is in it.</param>
    /// <exception cref="CliException">It exists, or cannot be written.</exception>
    public static async Task Write(string path, bool replace, string text)
    {
        var name = TerminalText.Plain(path);
        Check(path, name, replace);
        var partial = $"{path}.{Path.GetRandomFileName()}";
        try
        {
            await using (var file = new FileStream(partial, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
            {
                await using var writer = new StreamWriter(file, leaveOpen: true);
                await writer.WriteAsync(text);
                await writer.FlushAsync();
                if (SudoUser() is { } owner) await Give(file, owner);
            }

            File.Move(partial, path, replace);
        }
        catch (IOException) when (!replace && File.Exists(path))
        {
            throw Exists(name);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Failed, $"cannot write {name}: {e.Message}");
        }
        finally
        {
            File.Delete(partial);
        }
    }

    /// <summary>Looks whether a file may be made there.</summary>
    /// <exception cref="CliException">Something stands in its place, or there is no such folder.</exception>
    internal static void Check(string path, string name, bool replace)
    {
        var file = new FileInfo(path);
        if (Directory.Exists(path)) throw new CliException(ExitCode.Failed, $"{name} is a folder; name a file in it");
        if (file.Directory is not { Exists: true }) throw new CliException(ExitCode.Failed, $"there is no folder {TerminalText.Plain(file.DirectoryName)}");
        // Root could: a rename puts a file into the place of anything.
        if (file.LinkTarget is not null || file.FullName.StartsWith("/dev/", StringComparison.Ordinal))
            throw new CliException(ExitCode.Refused, $"{name} is a link or a device, which is not replaced; name a file");
        if (!replace && file.Exists) throw Exists(name);
    }

    /// <summary><c>uid:gid</c> of who typed sudo (sudo(8) "ENVIRONMENT"); null without sudo.</summary>
    internal static string? SudoUser() =>
        Environment.IsPrivilegedProcess && Number("SUDO_UID") is { } user and not 0 && Number("SUDO_GID") is { } group
            ? string.Create(CultureInfo.InvariantCulture, $"{user}:{group}")
            : null;

    private static uint? Number(string variable) =>
        uint.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>Through the open descriptor (proc(5)): whatever happens to the name meanwhile, no other file is given away.</summary>
    private static async Task Give(FileStream file, string owner)
    {
        var descriptor = file.SafeFileHandle.DangerousGetHandle();
        try
        {
            using var chown = Process.Start("chown", [owner, string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{descriptor}")]);
            await chown.WaitForExitAsync();
            if (chown.ExitCode != 0) throw new IOException($"chown {owner} failed with status {chown.ExitCode}");
        }
        catch (Win32Exception e)
        {
            throw new IOException($"chown cannot be started: {e.Message}", e);
        }
    }

    private static CliException Exists(string name) =>
        new(ExitCode.Refused, $"{name} exists; give another name, or replace it with --force");
}

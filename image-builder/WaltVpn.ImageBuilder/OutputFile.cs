using WaltVpn.ImageBuilder.HostTools;

namespace WaltVpn.ImageBuilder;

/// <summary>A file while it is being made: under another name beside its final place, so that whatever has the final name is whole.</summary>
internal sealed class OutputFile : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _target;
    private readonly bool _overwrite;

    private OutputFile(string target, bool overwrite)
    {
        (_target, _overwrite) = (target, overwrite);
        PartialPath = Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetFileName(target)}.{Path.GetRandomFileName()}.partial");
    }

    /// <summary>Where it is written to.</summary>
    public string PartialPath { get; }

    /// <summary>Looks whether the file may be written; leaves nothing.</summary>
    /// <param name="example">A good name for such a file.</param>
    /// <exception cref="ImageException">It exists and <paramref name="overwrite"/> is false, it is a device or the like,
    /// or there is no such folder, or none that files can be made in.</exception>
    public static async Task<OutputFile> PrepareAsync(HostToolbox tools, string path, bool overwrite, string example, CancellationToken cancellation)
    {
        var target = Path.GetFullPath(path);
        if (Directory.Exists(target)) throw new ImageException($"{path} is a folder", $"name a file in it, for instance {example}");
        var folder = Path.GetDirectoryName(target);
        if (!Directory.Exists(folder)) throw new ImageException($"there is no folder {folder}", $"make it: mkdir -p {folder}");
        if (File.Exists(target))
        {
            var kind = (await tools.RunAsync(HostTool.Stat, ["--dereference", "--format=%F", "--", target], cancellation)).Text.Trim();
            if (!kind.StartsWith("regular", StringComparison.Ordinal)) throw NotRegular(path, kind, example);
            if (!overwrite) throw new ImageException($"{path} exists", "write over it: the same command with --force");
        }

        var output = new OutputFile(target, overwrite);
        output.Try(folder);
        return output;
    }

    // Sooner than after the minute that an image takes.
    private void Try(string folder)
    {
        try
        {
            Create(0);
            File.Delete(PartialPath);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ImageException($"no file can be made in {folder}", error, "name another --output", $"or see who may write there: ls -ld {folder}");
        }
    }

    /// <summary>
    /// Creates the file with its full size and no content (sparse), readable by its owner only: it may hold keys (docs/security.md NODE-1).
    /// </summary>
    public void Create(long bytes)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
        using var file = new FileStream(PartialPath, options);
        file.SetLength(bytes);
    }

    /// <summary>Creates the file with a content, readable by its owner only, and gives it its name.</summary>
    public async Task WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        Create(content.Length);
        await using (var file = new FileStream(PartialPath, FileMode.Open, FileAccess.Write)) await file.WriteAsync(content, cancellation);
        Commit();
    }

    /// <summary>Gives it its name, in one step.</summary>
    public void Commit() => File.Move(PartialPath, _target, _overwrite);

    /// <summary>Deletes what was not committed.</summary>
    public void Dispose() => File.Delete(PartialPath);

    private static ImageException NotRegular(string path, string kind, string example) => new(
        $"{path} is a {kind}; images are written to files",
        example.EndsWith(".img", StringComparison.Ordinal)
            ? [$"make the file first: --output {example}", $"then copy it: sudo dd if={example} of={path} bs=4M conv=fsync status=progress"]
            : [$"name a file: --output {example}"]);
}

using WaltVpn.Protocol;

namespace WaltVpn.Agent.BootFiles;

/// <summary>A boot.img whose signature was checked: what is in it, for this board.</summary>
internal sealed class BootImage : IDisposable
{
    private const int MaxCommandLine = 2048;

    private readonly FatImage _files;

    private BootImage(FatImage files, string sha256, BootManifest manifest) => (_files, Sha256, Manifest) = (files, sha256, manifest);

    /// <summary>Of boot.img.</summary>
    public string Sha256 { get; }

    public BootManifest Manifest { get; }

    /// <summary>Opens it and looks whether it is for this board.</summary>
    /// <param name="file">Owned from now on.</param>
    /// <param name="floor">Lowest epoch.</param>
    /// <exception cref="BootImageException">It is not; the message says why.</exception>
    public static BootImage Open(FileStream file, string sha256, string board, long floor)
    {
        try
        {
            var files = FatImage.Open(file);
            var manifest = BootManifest.Parse(files.ReadAll(BootManifest.FileName, BootManifest.MaxLength));
            if (manifest.Board != board) throw new BootImageException($"it is for {manifest.Board}, and this board is {board}", isOthers: true);
            if (manifest.Epoch < floor)
                throw new BootImageException($"its epoch {manifest.Epoch} is older than {floor}, with which this node came in", isOthers: true);
            return new BootImage(files, sha256, manifest);
        }
        catch (Exception wrong)
        {
            file.Dispose();
            if (wrong is FormatException or FileNotFoundException or EndOfStreamException)
                throw new BootImageException($"it is no boot image: {wrong.Message}", wrong, isOthers: true);
            throw;
        }
    }

    /// <summary>The line its kernel is started with.</summary>
    public string CommandLine => System.Text.Encoding.ASCII.GetString(_files.ReadAll(Manifest.CommandLine, MaxCommandLine)).Split('\n')[0].Trim();

    /// <summary>Copies a file of the image.</summary>
    public void Extract(string name, string path)
    {
        using var target = new FileStream(path, FileMode.Create, FileAccess.Write);
        _files.CopyTo(name, target);
    }

    /// <inheritdoc/>
    public void Dispose() => _files.Dispose();
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using WaltVpn.ImageBuilder.Boards;
using WaltVpn.ImageBuilder.HostTools;
using WaltVpn.ImageBuilder.Initramfs;
using WaltVpn.ImageBuilder.Packages;

namespace WaltVpn.ImageBuilder.Kernel;

/// <summary>Keeps the last kernel of each board between builds, in one file: the SHA-256 of an archive, 32 bytes, then the archive.</summary>
/// <remarks>The file's name has a hash of all that the kernel was made from. A file that is damaged counts as none.</remarks>
internal sealed class KernelCache
{
    private const string AboutName = "about";
    private const string ImageName = "vmlinuz";
    private const string ModuleFolder = "lib/";
    private const string DeviceTreeFolder = "dtb/";
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Packages of the tools that shape a kernel.</summary>
    private static readonly string[] _tools = [HostTool.Depmod.Package, HostTool.Dtc.Package, HostTool.Gzip.Package];

    private readonly string _folder;
    private readonly string _board;
    private readonly string _path;

    /// <param name="folder">Held for as long as this is used.</param>
    /// <param name="origin">The packages, and the versions of the tools.</param>
    public KernelCache(CacheFolder folder, Board board, PackageLock origin)
    {
        (_folder, _board) = (folder.Path, board.Name + board.Variant);
        List<string> inputs =
        [
            // This program: other code may choose other modules.
            typeof(KernelCache).Module.ModuleVersionId.ToString(),
            .. board.KernelModules,
            .. origin.Packages.Where(KernelUnpacker.IsKernel).Select(package => $"{package} {package.Sha256}").Order(StringComparer.Ordinal),
            .. origin.Tools.Where(tool => _tools.Contains(tool.Package)).Select(tool => tool.ToString()),
        ];
        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', inputs))));
        _path = Path.Combine(_folder, $"{_board}.{key}");
    }

    /// <summary>The kernel that was kept, or null when there is none.</summary>
    public async Task<KernelFiles?> FindAsync(CancellationToken cancellation)
    {
        if (!File.Exists(_path)) return null;
        var file = (await File.ReadAllBytesAsync(_path, cancellation)).AsMemory();
        if (file.Length < SHA256.HashSizeInBytes) return null;
        var archive = file[SHA256.HashSizeInBytes..];
        return SHA256.HashData(archive.Span).AsSpan().SequenceEqual(file.Span[..SHA256.HashSizeInBytes]) ? Unpack(NewcArchive.Read(archive)) : null;
    }

    /// <summary>Keeps a kernel in place of the board's last one.</summary>
    public async Task KeepAsync(KernelFiles kernel, CancellationToken cancellation)
    {
        using var archive = new MemoryStream();
        NewcArchive.Write(archive, Pack(kernel), kernel.Newest);
        var partial = Path.Combine(_folder, $".{Path.GetRandomFileName()}.partial");
        try
        {
            await using (var file = new FileStream(partial, FileMode.CreateNew))
            {
                await file.WriteAsync(SHA256.HashData(archive.GetBuffer().AsSpan(0, (int)archive.Length)), cancellation);
                await file.WriteAsync(archive.GetBuffer().AsMemory(0, (int)archive.Length), cancellation);
            }

            foreach (var old in Directory.GetFiles(_folder, $"{_board}.*")) File.Delete(old);
            File.Move(partial, _path, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    private static IEnumerable<ArchiveEntry> Pack(KernelFiles kernel)
    {
        var about = string.Create(CultureInfo.InvariantCulture, $"{kernel.Release}\n{kernel.Newest.ToUnixTimeSeconds()}");
        yield return new ArchiveEntry(AboutName, ArchiveEntryKind.File, Mode, Encoding.UTF8.GetBytes(about));
        yield return new ArchiveEntry(ImageName, ArchiveEntryKind.File, Mode, kernel.Image);
        foreach (var (path, data) in kernel.Modules) yield return new ArchiveEntry(path, ArchiveEntryKind.File, Mode, data);
        foreach (var (path, data) in kernel.DeviceTrees) yield return new ArchiveEntry(DeviceTreeFolder + path, ArchiveEntryKind.File, Mode, data);
    }

    private static KernelFiles Unpack(List<ArchiveEntry> entries)
    {
        var about = Encoding.UTF8.GetString(Data(AboutName)).Split('\n');
        var newest = DateTimeOffset.FromUnixTimeSeconds(long.Parse(about[1], CultureInfo.InvariantCulture));
        var modules = Below(ModuleFolder).ToList();
        var trees = Below(DeviceTreeFolder).Select(file => KeyValuePair.Create(file.Key[DeviceTreeFolder.Length..], file.Value)).ToList();
        return new KernelFiles(about[0], newest, Data(ImageName), modules, trees);

        IEnumerable<KeyValuePair<string, byte[]>> Below(string folder) => entries
            .Where(entry => entry.Path.StartsWith(folder, StringComparison.Ordinal)).Select(entry => KeyValuePair.Create(entry.Path, entry.Data.ToArray()));

        byte[] Data(string name) => entries.Single(entry => entry.Path == name).Data.ToArray();
    }
}

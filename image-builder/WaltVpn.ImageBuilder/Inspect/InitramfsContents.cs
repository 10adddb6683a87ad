using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using WaltVpn.ImageBuilder.Archives;
using WaltVpn.ImageBuilder.HostTools;
using WaltVpn.ImageBuilder.Initramfs;
using WaltVpn.ImageBuilder.Packages;
using WaltVpn.Protocol;

namespace WaltVpn.ImageBuilder.Inspect;

/// <summary>An initramfs taken apart.</summary>
internal sealed partial record InitramfsContents(ImageInfo Info, InitramfsReport Summary, IReadOnlyList<PackageReport> Packages)
{
    /// <summary>Unpacks and reads a file.</summary>
    /// <exception cref="ImageException">It is damaged or none of ours.</exception>
    public static async Task<InitramfsContents> ReadAsync(HostToolbox tools, string path, CancellationToken cancellation)
    {
        var packed = new FileInfo(path).Length;
        using var plain = new MemoryStream();
        try
        {
            await tools.ReadAsync(HostTool.Zstd, ["-q", "-d", "-c", path], CopyAsync, cancellation);
            var files = NewcArchive.Read(plain.GetBuffer().AsMemory(0, (int)plain.Length)).Where(entry => entry.Kind == ArchiveEntryKind.File).ToList();
            var info = JsonSerializer.Deserialize(Content(files, ImageInfo.Path).Span, ProtocolJson.Default.ImageInfo)
                ?? throw new InvalidDataException($"{ImageInfo.Path} is empty");
            var packages = PackageLock.Parse(PackageLock.ImagePath, Encoding.UTF8.GetString(Content(files, PackageLock.ImagePath).Span));
            return new InitramfsContents(info, Summarize(files, packed),
                packages.Packages.Select(package => new PackageReport(package.Name, package.Version)).ToList());
        }
        catch (Exception error) when (error is InvalidDataException or JsonException)
        {
            throw new ImageException($"the initramfs is damaged: {error.Message}", error, "build the image again");
        }

        async Task CopyAsync(Stream unpacked)
        {
            await using var bounded = new BoundedStream(unpacked, ArchiveLimits.MaxBytesOf(packed));
            await bounded.CopyToAsync(plain, cancellation);
        }
    }

    private static InitramfsReport Summarize(List<ArchiveEntry> files, long compressed)
    {
        var agent = Content(files, InitramfsContent.AgentPath);
        return new InitramfsReport(
            compressed,
            files.Sum(file => (long)file.Data.Length),
            agent.Length,
            Convert.ToHexStringLower(SHA256.HashData(agent.Span)),
            Reports(file => file.Path.StartsWith("bin/", StringComparison.Ordinal) || file.Path.StartsWith("usr/bin/", StringComparison.Ordinal)),
            Reports(file => SharedLibrary().IsMatch(file.Path)),
            files.Where(file => file.Path.EndsWith(".ko", StringComparison.Ordinal)).Select(file => Path.GetFileNameWithoutExtension(file.Path))
                .Order(StringComparer.Ordinal).ToList());

        List<FileReport> Reports(Func<ArchiveEntry, bool> chosen) => files.Where(chosen).Select(file => new FileReport(file.Path, file.Data.Length)).ToList();
    }

    private static ReadOnlyMemory<byte> Content(List<ArchiveEntry> files, string path) =>
        files.FirstOrDefault(file => file.Path == path.TrimStart('/'))?.Data ?? throw new InvalidDataException($"it has no {path}");

    [GeneratedRegex(@"\.so(\.[0-9]+)*$", RegexOptions.CultureInvariant)]
    private static partial Regex SharedLibrary();
}

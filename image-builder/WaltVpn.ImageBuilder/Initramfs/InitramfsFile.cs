using System.Globalization;
using WaltVpn.ImageBuilder.HostTools;

namespace WaltVpn.ImageBuilder.Initramfs;

/// <summary>Writes an initramfs as the kernel loads it: a newc archive inside zstd.</summary>
internal sealed class InitramfsFile(HostToolbox tools)
{
    /// <summary>Of 1..19: beyond it a megabyte less costs a minute more.</summary>
    private const int Level = 12;

    /// <summary>Fixed, since zstd cuts its input by the number of workers: one machine's bytes are every machine's.</summary>
    private const int Workers = 2;

    /// <summary>Writes the file.</summary>
    /// <param name="path">Where to. A file of the same name with <c>.cpio</c> behind it is made and deleted.</param>
    /// <returns>Bytes before compression.</returns>
    public async Task<long> WriteAsync(string path, IEnumerable<ArchiveEntry> entries, DateTimeOffset modified, CancellationToken cancellation)
    {
        var plain = path + ".cpio";
        long size;
        await using (var file = new FileStream(plain, FileMode.CreateNew))
        {
            NewcArchive.Write(file, entries, modified);
            size = file.Length;
        }

        string[] arguments = ["-q", string.Create(CultureInfo.InvariantCulture, $"-{Level}"), string.Create(CultureInfo.InvariantCulture, $"-T{Workers}"),
            "--rm", "-o", path, plain];
        await tools.RunAsync(HostTool.Zstd, arguments, cancellation);
        return size;
    }
}

using WaltVpn.ImageBuilder.HostTools;

namespace WaltVpn.ImageBuilder.SdImage;

/// <summary>A way to make an image small for its way to who writes the card; most of it is empty.</summary>
/// <param name="Name">As <c>--compress</c> takes it.</param>
/// <param name="Suffix">Of the file's name.</param>
/// <param name="Options">Of the tool; the same input gives the same bytes.</param>
internal sealed record ImageCompression(string Name, string Suffix, HostTool Tool, IReadOnlyList<string> Options)
{
    /// <summary>What is inside is compressed already: more effort finds nothing.</summary>
    public static IReadOnlyList<ImageCompression> All { get; } =
    [
        new("zstd", ".zst", HostTool.Zstd, ["-q", "-3", "-T2"]),
        new("gz", ".gz", HostTool.Gzip, ["-n", "-1"]),
    ];

    /// <summary>Name of the compressed file for an image's.</summary>
    public string FileName(string image) => image.EndsWith(Suffix, StringComparison.Ordinal) ? image : image + Suffix;

    /// <summary>Compresses.</summary>
    /// <param name="path">The file; it is gone then.</param>
    /// <returns>Path of the compressed one, beside it.</returns>
    public async Task<string> CompressAsync(HostToolbox tools, string path, CancellationToken cancellation)
    {
        await tools.RunAsync(Tool, [.. Options, path], cancellation);
        File.Delete(path);
        return path + Suffix;
    }
}

using System.Security.Cryptography;
using System.Text;

namespace WaltVpn.ImageBuilder.SdImage;

/// <summary>The file beside an image by which <c>sha256sum -c</c> tells whether it came over whole.</summary>
internal static class ChecksumFile
{
    public const string Suffix = ".sha256";

    /// <summary>Its bytes.</summary>
    /// <param name="path">Of what it is about, now.</param>
    /// <param name="name">What that will be called.</param>
    public static async Task<byte[]> OfAsync(string path, string name, CancellationToken cancellation)
    {
        await using var file = File.OpenRead(path);
        var sum = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellation));
        return Encoding.UTF8.GetBytes($"{sum}  {name}\n");
    }
}

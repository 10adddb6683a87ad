using System.Security.Cryptography;
using System.Text;

namespace WaltVpn.Agent.Startup;

/// <summary>A state file that shows damage: its first line is <c>waltvpn 1 SHA256</c>, of all that follows.</summary>
/// <remarks>docs/security.md NODE-3. It shows an accident; who can write the card can write the checksum as well.</remarks>
internal static class SealedFile
{
    private const string Start = "waltvpn 1 ";
    private const int DigestLength = 64;
    private const int HeaderLength = 10 + DigestLength + 1;

    /// <summary>The file's bytes for a content.</summary>
    public static byte[] Seal(ReadOnlySpan<byte> content) => [.. Encoding.ASCII.GetBytes($"{Start}{Digest(content)}\n"), .. content];

    /// <summary>The content of a file's bytes.</summary>
    /// <exception cref="FormatException">They are damaged, or of another version.</exception>
    public static ReadOnlySpan<byte> Open(ReadOnlySpan<byte> file)
    {
        if (file.Length < HeaderLength || !file.StartsWith("waltvpn "u8)) throw new FormatException("it does not begin as our files do");
        var content = file[HeaderLength..];
        return Encoding.Latin1.GetString(file[..HeaderLength]) == $"{Start}{Digest(content)}\n"
            ? content
            : throw new FormatException("its checksum is another, or its version");
    }

    private static string Digest(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content));
}

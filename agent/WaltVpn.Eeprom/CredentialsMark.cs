using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace WaltVpn.Eeprom;

/// <summary>
/// The fourth file of a node's credentials, <c>waltvpn</c>: version, platform and number of the settings that the node took last, and a checksum. One
/// line: <c>1 PLATFORM NUMBER SHA256</c>, <c>-</c> for a platform that is not known.
/// </summary>
/// <remarks>docs/security.md NODE-3, NODE-4. A file beside the three: WalT's nodes unpack it and never look at it, and what they pack has none.</remarks>
/// <param name="Platform">Id of the platform; empty: not known.</param>
/// <param name="Number">Number of the settings document; 0: the settings had none.</param>
public sealed record CredentialsMark(string Platform, long Number)
{
    /// <summary>For settings that came without a number.</summary>
    public static readonly CredentialsMark None = new("", 0);

    internal const string FileName = "waltvpn";

    private const string Version = "1";
    private const string NoPlatform = "-";

    internal string Write(params ReadOnlySpan<string> files)
    {
        var start = string.Create(CultureInfo.InvariantCulture, $"{Version} {(Platform.Length > 0 ? Platform : NoPlatform)} {Number}");
        return $"{start} {Checksum(start, files)}\n";
    }

    /// <summary>Reads the file and compares its checksum.</summary>
    /// <param name="text">The file.</param>
    /// <param name="files">The others, in the order of <see cref="Write"/>.</param>
    /// <exception cref="FormatException">Another version, another form, or a checksum of other files.</exception>
    internal static CredentialsMark Read(string text, params ReadOnlySpan<string> files)
    {
        if (text.Split(' ', '\n') is not [var version, var platform, var number, var checksum, ""])
            throw new FormatException($"{FileName} is no line of four words");
        if (version != Version) throw new FormatException($"{FileName} is of version {version}, this program knows {Version}");
        var mark = long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? new CredentialsMark(platform == NoPlatform ? "" : platform, value)
            : throw new FormatException($"{FileName} has no number");
        return checksum == Checksum($"{version} {platform} {number}", files) ? mark : throw new FormatException("the checksum is not of these files");
    }

    private static string Checksum(string start, ReadOnlySpan<string> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (var text in (ReadOnlySpan<string>)[start, .. files])
        {
            var bytes = Encoding.ASCII.GetBytes(text);
            // Lengths, so that what moves from one file into the next is another sum.
            BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

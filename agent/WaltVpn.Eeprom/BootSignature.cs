using System.Security.Cryptography;
using System.Text;
using WaltVpn.Protocol;

namespace WaltVpn.Eeprom;

/// <summary>A signature file (<see cref="SignatureFile"/>) and what it says of a file and a key.</summary>
public sealed class BootSignature
{
    private readonly SignatureFile _file;

    private BootSignature(SignatureFile file) => _file = file;

    /// <summary>SHA-256 of the file, 64 lower-case hexadecimal digits.</summary>
    public string Hash => _file.Sha256;

    /// <summary>Unix seconds.</summary>
    public long Time => _file.Time;

    /// <summary><c>2711</c> or <c>2712</c>; null when it is for either.</summary>
    public string? Chip => _file.Chip;

    /// <summary>False for a text that holds a hash only.</summary>
    public bool IsSigned => _file.Signature is not null;

    /// <summary>Reads the text.</summary>
    /// <exception cref="EepromException">It is not of that form; the message names the line.</exception>
    public static BootSignature Parse(ReadOnlySpan<byte> content)
    {
        try
        {
            return new BootSignature(SignatureFile.Parse(Encoding.Latin1.GetString(content)));
        }
        catch (FormatException e)
        {
            throw new EepromException(EepromFault.BadSignature, e.Message);
        }
    }

    /// <summary>True when the hash is that of these bytes.</summary>
    public bool IsHashOf(ReadOnlySpan<byte> content) => Hash == Convert.ToHexStringLower(SHA256.HashData(content));

    /// <summary>True when there is a signature and this key made it.</summary>
    public bool IsSignatureOf(ReadOnlySpan<byte> content, RsaPublicKey key) => _file.Signature is { } signature && key.Verifies(content, signature.ToArray());
}

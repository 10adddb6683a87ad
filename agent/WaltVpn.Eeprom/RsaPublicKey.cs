using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;

namespace WaltVpn.Eeprom;

/// <summary>The RSA-2048 public key whose signatures a bootloader accepts.</summary>
/// <remarks>In the image: 256 bytes of modulus, then 8 of exponent, both little-endian.</remarks>
public sealed class RsaPublicKey
{
    /// <summary>Bytes of <c>pubkey.bin</c>.</summary>
    public const int BinaryLength = ModulusLength + ExponentLength;

    private const int ModulusLength = 256;
    private const int ExponentLength = 8;

    /// <summary>rsaEncryption, RFC 8017 appendix A.1.</summary>
    private const string RsaOid = "1.2.840.113549.1.1.1";

    private readonly byte[] _modulus;

    private RsaPublicKey(byte[] modulus, ulong exponent) => (_modulus, Exponent) = (modulus, exponent);

    /// <summary>256 bytes, big-endian; the first bit is 1.</summary>
    public ReadOnlySpan<byte> Modulus => _modulus;

    /// <summary>Odd, at least 3; 65537 in practice.</summary>
    public ulong Exponent { get; }

    /// <summary>Reads a public key, or the public half of a private one, from the text that OpenSSL writes.</summary>
    /// <param name="pem">The first key in it counts: <c>PUBLIC KEY</c>, <c>RSA PUBLIC KEY</c>, <c>PRIVATE KEY</c> or <c>RSA PRIVATE KEY</c>.</param>
    /// <exception cref="EepromException">There is none, or it is not an RSA key of 2048 bits.</exception>
    public static RsaPublicKey FromPem(string pem)
    {
        var seen = new List<string>();
        for (ReadOnlySpan<char> rest = pem; PemEncoding.TryFind(rest, out var found); rest = rest[found.Location.End..])
        {
            var label = rest[found.Label].ToString();
            seen.Add(label);
            if (!label.EndsWith("KEY", StringComparison.Ordinal)) continue;
            try
            {
                return Decode(label, Convert.FromBase64String(rest[found.Base64Data].ToString()));
            }
            catch (AsnContentException error)
            {
                throw new EepromException(
                    EepromFault.BadKey, $"the {label} is damaged: {error.Message}; export it again: openssl pkey -in private.pem -pubout", error);
            }
        }

        throw Refused(seen.Count == 0 ? "it holds no key in PEM form" : $"it holds a {seen[0]}, no key");
    }

    /// <summary>Reads <c>pubkey.bin</c>; false when it is not the form of an RSA-2048 key. Zeros (no key) are not.</summary>
    public static bool TryFromBinary(ReadOnlySpan<byte> content, [NotNullWhen(true)] out RsaPublicKey? key)
    {
        key = null;
        if (content.Length != BinaryLength) return false;
        var modulus = content[..ModulusLength].ToArray();
        modulus.AsSpan().Reverse();
        var exponent = BinaryPrimitives.ReadUInt64LittleEndian(content[ModulusLength..]);
        if (RefuseNumbers(modulus, exponent) is not null) return false;
        key = new RsaPublicKey(modulus, exponent);
        return true;
    }

    /// <summary>The content of <c>pubkey.bin</c>.</summary>
    public byte[] ToBinary()
    {
        var content = new byte[BinaryLength];
        _modulus.CopyTo(content, 0);
        content.AsSpan(0, ModulusLength).Reverse();
        BinaryPrimitives.WriteUInt64LittleEndian(content.AsSpan(ModulusLength), Exponent);
        return content;
    }

    /// <summary>True when the holder of the private half signed these bytes: PKCS#1 v1.5 with SHA-256 (RFC 8017 section 8.2).</summary>
    public bool Verifies(ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature) => VerifiesHash(SHA256.HashData(content), signature);

    /// <summary>The same for content of which only the hash is at hand.</summary>
    /// <param name="hash">SHA-256 of the content.</param>
    /// <param name="signature">Untrusted.</param>
    public bool VerifiesHash(ReadOnlySpan<byte> hash, ReadOnlySpan<byte> signature)
    {
        var numbers = new RSAParameters { Modulus = _modulus, Exponent = new BigInteger(Exponent).ToByteArray(isUnsigned: true, isBigEndian: true) };
        try
        {
            using var rsa = RSA.Create(numbers);
            return rsa.VerifyHash(hash, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
        catch (CryptographicException)
        {
            // Numbers of the right form that are no key: they verify nothing.
            return false;
        }
    }

    private static RsaPublicKey Decode(string label, byte[] der)
    {
        var reader = new AsnReader(der, AsnEncodingRules.DER);
        var body = reader.ReadSequence();
        switch (label)
        {
            case "RSA PUBLIC KEY":
                break;
            case "RSA PRIVATE KEY":
                body.ReadInteger();
                break;
            case "PUBLIC KEY":
                RequireRsa(body);
                body = new AsnReader(body.ReadBitString(out _), AsnEncodingRules.DER).ReadSequence();
                break;
            case "PRIVATE KEY":
                body.ReadInteger();
                RequireRsa(body);
                body = new AsnReader(body.ReadOctetString(), AsnEncodingRules.DER).ReadSequence();
                body.ReadInteger();
                break;
            case "ENCRYPTED PRIVATE KEY":
                throw Refused("its key is locked with a passphrase");
            default:
                throw Refused($"it holds a {label}, not an RSA key");
        }

        var modulus = body.ReadInteger();
        var exponent = body.ReadInteger();
        var numbers = modulus.Sign > 0 ? modulus.ToByteArray(isUnsigned: true, isBigEndian: true) : [];
        var small = exponent.Sign > 0 && exponent <= ulong.MaxValue ? (ulong)exponent : 0;
        return RefuseNumbers(numbers, small) is { } reason ? throw Refused(reason) : new RsaPublicKey(numbers, small);
    }

    /// <summary>AlgorithmIdentifier, RFC 5280 section 4.1.1.2.</summary>
    private static void RequireRsa(AsnReader body)
    {
        var oid = body.ReadSequence().ReadObjectIdentifier();
        if (oid != RsaOid) throw Refused($"its key is of another kind (object identifier {oid})");
    }

    /// <summary>Null when these are the numbers of an RSA-2048 key.</summary>
    private static string? RefuseNumbers(ReadOnlySpan<byte> modulus, ulong exponent)
    {
        if (modulus.Length != ModulusLength || modulus[0] < 0x80) return $"its key has {BitLength(modulus)} bits";
        if ((modulus[^1] & 1) == 0 || exponent < 3 || (exponent & 1) == 0) return "its numbers are not those of an RSA key";
        return null;
    }

    private static long BitLength(ReadOnlySpan<byte> modulus) => (long)new BigInteger(modulus, isUnsigned: true, isBigEndian: true).GetBitLength();

    private static EepromException Refused(string reason) => new(
        EepromFault.BadKey,
        $"{reason}; a bootloader takes RSA keys of 2048 bits only: openssl genrsa -out private.pem 2048; openssl pkey -in private.pem -pubout -out public.pem");
}

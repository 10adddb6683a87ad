using WaltVpn.Protocol;
using WaltVpn.Server.Enrollment;

namespace WaltVpn.Server.Certificates;

/// <summary>The fields of an OpenSSH user certificate over a node's key.</summary>
/// <remarks>
/// OpenSSH PROTOCOL.certkeys. The signature is sshd's to check; here a certificate is compared with what was ordered.
/// </remarks>
internal sealed record SshCertificate
{
    /// <summary>Type name of a certificate over an Ed25519 key, in the text and again in the blob.</summary>
    public const string TypeName = NodePublicKey.TypeName + Suffix;

    /// <summary>The same over a key on P-384.</summary>
    public const string LegacyTypeName = NodePublicKey.LegacyTypeName + Suffix;

    private const string Suffix = "-cert-v01@openssh.com";

    /// <summary>SSH_CERT_TYPE_USER.</summary>
    private const uint UserCertificate = 1;

    /// <summary>The certified key.</summary>
    public required NodePublicKey Key { get; init; }

    /// <summary>Serial number.</summary>
    public required ulong Serial { get; init; }

    /// <summary>Key id.</summary>
    public required string KeyId { get; init; }

    /// <summary>Principals, in order.</summary>
    public required IReadOnlyList<string> Principals { get; init; }

    /// <summary>First second of its life.</summary>
    public required DateTimeOffset ValidAfter { get; init; }

    /// <summary>The second its life ends.</summary>
    public required DateTimeOffset ValidBefore { get; init; }

    /// <summary>Critical options, in order; ours have none. One that has a value carries it behind its name, <c>name=hexadecimal</c>.</summary>
    public required IReadOnlyList<string> CriticalOptions { get; init; }

    /// <summary>Extensions, in the same form.</summary>
    public required IReadOnlyList<string> Extensions { get; init; }

    /// <summary>The CA's key that signed.</summary>
    public required NodePublicKey SignedBy { get; init; }

    /// <summary>Reads a certificate line, <c>type base64 [comment]</c>.</summary>
    /// <exception cref="FormatException">It is not a whole user certificate of one of the two types; the message says where.</exception>
    public static SshCertificate Parse(string line)
    {
        var words = line.Trim().Split(' ');
        if (words.Length < 2 || words[0] is not (TypeName or LegacyTypeName)) throw new FormatException($"not a line '{TypeName} …' or '{LegacyTypeName} …'");
        var reader = new SshWireReader(Convert.FromBase64String(words[1]));
        if (reader.ReadText() != words[0]) throw new FormatException("the type in the blob is another");
        reader.ReadString(); // nonce
        var key = words[0] == TypeName ? NodePublicKey.ReadPoint(ref reader) : NodePublicKey.ReadLegacyPoint(ref reader);
        var serial = reader.ReadUInt64();
        if (reader.ReadUInt32() != UserCertificate) throw new FormatException("not a user certificate");
        var keyId = reader.ReadText();
        var principals = ReadList(reader.ReadString());
        var (after, before) = (reader.ReadUInt64(), reader.ReadUInt64());
        var (critical, extensions) = (ReadOptions(reader.ReadString()), ReadOptions(reader.ReadString()));
        reader.ReadString(); // reserved
        var authority = NodePublicKey.FromBlob(reader.ReadString());
        if (reader.ReadString().IsEmpty || !reader.IsAtEnd) throw new FormatException("the end is not a signature");
        return new SshCertificate
        {
            Key = key,
            Serial = serial,
            KeyId = keyId,
            Principals = principals,
            ValidAfter = Time(after),
            ValidBefore = Time(before),
            CriticalOptions = critical,
            Extensions = extensions,
            SignedBy = authority,
        };
    }

    private static List<string> ReadList(ReadOnlySpan<byte> bytes)
    {
        var reader = new SshWireReader(bytes);
        var list = new List<string>();
        while (!reader.IsAtEnd) list.Add(reader.ReadText());
        return list;
    }

    /// <summary>Pairs of a name and a value, which is empty for a flag.</summary>
    private static List<string> ReadOptions(ReadOnlySpan<byte> bytes)
    {
        var reader = new SshWireReader(bytes);
        var options = new List<string>();
        while (!reader.IsAtEnd)
        {
            var name = reader.ReadText();
            var value = reader.ReadString();
            options.Add(value.IsEmpty ? name : $"{name}={Convert.ToHexStringLower(value)}");
        }

        return options;
    }

    /// <summary>Seconds since 1970; "for ever" (2^64-1) and anything after the year 9999 is the last moment .NET knows.</summary>
    private static DateTimeOffset Time(ulong seconds) =>
        seconds <= (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds() ? DateTimeOffset.FromUnixTimeSeconds((long)seconds) : DateTimeOffset.MaxValue;
}

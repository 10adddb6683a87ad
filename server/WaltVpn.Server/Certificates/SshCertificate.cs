using WaltVpn.Server.Enrollment;

namespace WaltVpn.Server.Certificates;

/// <summary>The fields of an OpenSSH user certificate over an Ed25519 key.</summary>
/// <remarks>
/// OpenSSH PROTOCOL.certkeys, ssh-ed25519-cert-v01@openssh.com. The signature is sshd's to check; here a certificate is compared with what was ordered.
/// </remarks>
internal sealed record SshCertificate
{
    /// <summary>Type name, in the text and again in the blob.</summary>
    public const string TypeName = "ssh-ed25519-cert-v01@openssh.com";

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

    /// <summary>True when it has a critical option or an extension; ours have neither.</summary>
    public required bool HasOptions { get; init; }

    /// <summary>The CA's key that signed.</summary>
    public required NodePublicKey SignedBy { get; init; }

    /// <summary>Reads a certificate line, <c>ssh-ed25519-cert-v01@openssh.com base64 [comment]</c>.</summary>
    /// <exception cref="FormatException">It is not a whole user certificate of that type; the message says where.</exception>
    public static SshCertificate Parse(string line)
    {
        var words = line.Trim().Split(' ');
        if (words.Length < 2 || words[0] != TypeName) throw new FormatException($"not a line '{TypeName} …'");
        var reader = new SshWireReader(Convert.FromBase64String(words[1]));
        if (reader.ReadText() != TypeName) throw new FormatException("the type in the blob is another");
        reader.ReadString(); // nonce
        var key = NodePublicKey.FromPoint(reader.ReadString());
        var serial = reader.ReadUInt64();
        if (reader.ReadUInt32() != UserCertificate) throw new FormatException("not a user certificate");
        var keyId = reader.ReadText();
        var principals = ReadList(reader.ReadString());
        var (after, before) = (reader.ReadUInt64(), reader.ReadUInt64());
        var (critical, extensions) = (reader.ReadString().Length, reader.ReadString().Length);
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
            HasOptions = critical + extensions > 0,
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

    /// <summary>Seconds since 1970; "for ever" (2^64-1) and anything after the year 9999 is the last moment .NET knows.</summary>
    private static DateTimeOffset Time(ulong seconds) =>
        seconds <= (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds() ? DateTimeOffset.FromUnixTimeSeconds((long)seconds) : DateTimeOffset.MaxValue;
}

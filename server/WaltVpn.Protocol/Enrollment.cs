using System.Text;
using System.Text.Json.Serialization;

namespace WaltVpn.Protocol;

/// <summary>First line, from the server: prove that you hold the private key, and mix these bytes into your generator before you make one.</summary>
public sealed record EnrollmentChallenge
{
    /// <summary><see cref="NonceLength"/> random bytes in base64, for this connection only, good for 120 seconds.</summary>
    public required string Nonce { get; init; }

    /// <summary>The server's platform id; the node compares it with its settings.</summary>
    public required string Platform { get; init; }

    /// <summary>Bytes of a nonce.</summary>
    public const int NonceLength = 32;
}

/// <summary>What the node signs to prove that it holds the private key.</summary>
public static class EnrollmentSignature
{
    /// <summary>Namespace given to <c>ssh-keygen -Y sign -n</c>: the signature means nothing elsewhere.</summary>
    public const string Namespace = "waltvpn-enrollment";

    /// <summary>The bytes that are signed: they bind the nonce to this key and this platform (docs/security.md ENR-1, ENR-2).</summary>
    public static byte[] SignedText(string platform, string nonce, string publicKey) =>
        Encoding.UTF8.GetBytes($"waltvpn enrollment 1\n{platform}\n{nonce}\n{publicKey}\n");
}

/// <summary>The node's line, after the challenge: who asks. Every claim but the key is only shown to the approver, never trusted.</summary>
/// <remarks>docs/protocol.md "Enrollment".</remarks>
public sealed record EnrollmentRequest
{
    /// <summary>1. A server that does not know the version denies with a reason.</summary>
    public required int Version { get; init; }

    /// <summary>The node's public key, <c>ssh-ed25519 AAAA…</c>, one line, no comment.</summary>
    public required string PublicKey { get; init; }

    /// <summary>The board's model, as the device tree or SMBIOS names it; printable ASCII, at most 64 characters.</summary>
    public required string Model { get; init; }

    /// <summary>The board's serial number; <c>[A-Za-z0-9-]</c>, at most 64 characters; empty when the board has none.</summary>
    public required string Serial { get; init; }

    /// <summary>MAC address of the wired interface the node came up on.</summary>
    public required MacAddress Mac { get; init; }

    /// <summary>Armored SSHSIG (OpenSSH PROTOCOL.sshsig) of <see cref="EnrollmentSignature.SignedText"/>.</summary>
    public required string Signature { get; init; }

    /// <summary>An enrolment token that the image holds (<see cref="EnrollmentToken"/>); most boards have none.</summary>
    public Secret? Token { get; init; }

    /// <summary>The only version there is.</summary>
    public const int CurrentVersion = 1;

    /// <summary>Longest line in either direction, bytes, line feed included.</summary>
    public const int MaxLineLength = 16 * 1024;
}

/// <summary>What became of a request.</summary>
[JsonConverter(typeof(EnumAsWord<EnrollmentStatus>))]
public enum EnrollmentStatus
{
    /// <summary>Nobody decided yet: no access. Ask again later.</summary>
    Pending,

    /// <summary>The answer holds the identity.</summary>
    Accepted,

    /// <summary>Refused, by a person or by a rule. Ask again later: the operator may change her mind.</summary>
    Denied,
}

/// <summary>Last line from the server; then it closes.</summary>
public sealed record EnrollmentAnswer
{
    /// <summary>The decision.</summary>
    public required EnrollmentStatus Status { get; init; }

    /// <summary>Pending and denied: why, for the node's console; printable ASCII.</summary>
    public string? Reason { get; init; }

    /// <summary>Pending and denied: ask again no sooner than this, seconds, 1..3600.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>Accepted: who the node is now.</summary>
    public NodeIdentity? Identity { get; init; }
}

/// <summary>A node's identity on the platform, as the server gave it. Holds nothing secret.</summary>
public sealed record NodeIdentity
{
    /// <summary>The node's id: 32 lower-case hexadecimal digits, random.</summary>
    public required string NodeId { get; init; }

    /// <summary>The name people use, <c>[a-z0-9-]</c>, at most 63 characters.</summary>
    public required string Name { get; init; }

    /// <summary>MAC address of the node on the platform's network; the TAP has it.</summary>
    public required MacAddress VpnMac { get; init; }

    /// <summary>OpenSSH user certificate of the node's key, one line.</summary>
    public required string Certificate { get; init; }
}

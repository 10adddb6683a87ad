using System.Text.Json.Serialization;

namespace WaltVpn.Protocol;

/// <summary>sshd's question to the daemon at every login, one line of JSON on the daemon's login socket, answered by one line.</summary>
/// <remarks>docs/protocol.md "Login". Asked by <c>waltvpn-hub authorize-certificate</c> and <c>authorize-key</c>.</remarks>
public sealed record LoginRequest
{
    /// <summary>What the client showed to sshd.</summary>
    public required LoginKind Kind { get; init; }

    /// <summary>Certificate: its key id, as sshd's <c>%i</c> gives it.</summary>
    public string? KeyId { get; init; }

    /// <summary>Certificate: its serial, as sshd's <c>%s</c> gives it.</summary>
    public ulong? Serial { get; init; }

    /// <summary>Certificate: its base64 blob, as sshd's <c>%k</c> gives it. Only the very one that was released is admitted.</summary>
    public string? Certificate { get; init; }

    /// <summary>Key: its type and base64 blob, as sshd's <c>%t %k</c> give them.</summary>
    public string? PublicKey { get; init; }

    /// <summary>Command: a question of <see cref="TunnelCommand"/>, asked by a session that was admitted.</summary>
    public string? Command { get; init; }

    /// <summary>Command: address of the SSH client, from sshd's <c>SSH_CONNECTION</c>.</summary>
    public string? ClientAddress { get; init; }

    /// <summary>Command: the ticket of the session, which says whose it is.</summary>
    public string? Ticket { get; init; }
}

/// <summary>Kinds of question.</summary>
[JsonConverter(typeof(EnumAsWord<LoginKind>))]
public enum LoginKind
{
    /// <summary>A user certificate of our CA: which node is it, and may it come in?</summary>
    Certificate,

    /// <summary>A plain key: is it the enrolment key?</summary>
    Key,

    /// <summary>An admitted node asks one of WalT's questions, or for its settings.</summary>
    Command,
}

/// <summary>The daemon's answer. No answer at all is a refusal.</summary>
public sealed record LoginAnswer
{
    /// <summary>False: sshd gets no principal and no key, and refuses.</summary>
    public required bool Allowed { get; init; }

    /// <summary>Certificate: the principal the certificate must carry, <c>waltvpn:&lt;node id&gt;</c>.</summary>
    public string? Principal { get; init; }

    /// <summary>Certificate: one-time ticket that the forced command shows to the hub, 32 hexadecimal digits.</summary>
    public string? Ticket { get; init; }

    /// <summary>Command: what to print for the client; <see cref="Allowed"/> is the exit status (true: 0).</summary>
    public string? Output { get; init; }

    /// <summary>Command: why there is no answer, for the node's log; no line feed.</summary>
    public string? Error { get; init; }
}

using System.Text.Json.Serialization;

namespace WaltVpn.Protocol;

/// <summary>State of a node.</summary>
[JsonConverter(typeof(EnumAsWord<NodeState>))]
public enum NodeState
{
    /// <summary>It may connect.</summary>
    Accepted,

    /// <summary>Kept out by its operator, who may enable it again.</summary>
    Disabled,

    /// <summary>Its key and its certificates are void for ever; its live tunnel was cut.</summary>
    Revoked,

    /// <summary>Off the lists, its certificates void. Its key may ask to join again, unless it was revoked.</summary>
    Forgotten,
}

/// <summary>A node, as the operator sees it.</summary>
public sealed record NodeView
{
    /// <summary>The node's id: 32 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>The name people use.</summary>
    public required string Name { get; init; }

    /// <summary>May it connect?</summary>
    public required NodeState State { get; init; }

    /// <summary>Claimed at enrolment.</summary>
    public required string Model { get; init; }

    /// <summary>Claimed at enrolment; empty when the board has none.</summary>
    public required string Serial { get; init; }

    /// <summary>MAC address of the board's wired interface, claimed at enrolment.</summary>
    public required MacAddress Mac { get; init; }

    /// <summary>MAC address on the platform's network.</summary>
    public required MacAddress VpnMac { get; init; }

    /// <summary><c>SHA256:…</c> of the node's key, as ssh-keygen -l prints it.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The same as four words.</summary>
    public string FingerprintWords => Protocol.FingerprintWords.Of(Fingerprint);

    /// <summary>True when that key is void for ever.</summary>
    public bool KeyRevoked { get; init; }

    /// <summary>When it was accepted.</summary>
    public required DateTimeOffset AcceptedAt { get; init; }

    /// <summary>Serial of its newest certificate. A text in JSON: readers that know doubles only would round 64 bits.</summary>
    [JsonNumberHandling(JsonNumberHandling.WriteAsString | JsonNumberHandling.AllowReadingFromString)]
    public required ulong CertificateSerial { get; init; }

    /// <summary>When that certificate ends.</summary>
    public required DateTimeOffset CertificateEnds { get; init; }

    /// <summary>True when its key came by WalT's HTTP protocol: unproved, perhaps ECDSA, its certificate may carry agent forwarding.</summary>
    public bool Legacy { get; init; }

    /// <summary>Operators' words for it, in order; null when there are none.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>When it last asked for its settings, as it does when its tunnel is up and every quarter of an hour; null: never, or a board of WalT, which does not.</summary>
    public DateTimeOffset? LastSeen { get; init; }

    /// <summary>What it may boot; its own, or what the server's settings say for all. Null: an older server.</summary>
    public BootMode? BootMode { get; init; }

    /// <summary>The boot image that it runs, as it told last; null: it told of none, or runs what its card itself holds.</summary>
    public NodeImageView? BootImage { get; init; }

    /// <summary>Its live tunnel; null when it is not connected, or when the hub does not answer.</summary>
    public TunnelSession? Tunnel { get; init; }
}

/// <summary>State of an enrolment request.</summary>
[JsonConverter(typeof(EnumAsWord<RequestState>))]
public enum RequestState
{
    /// <summary>Waits for a decision.</summary>
    Pending,

    /// <summary>A node came of it.</summary>
    Accepted,

    /// <summary>Refused; may still be accepted.</summary>
    Denied,
}

/// <summary>An enrolment request, as the operator sees it.</summary>
public sealed record RequestView
{
    /// <summary>Number of the request.</summary>
    public required long Id { get; init; }

    /// <summary>Where it stands.</summary>
    public required RequestState State { get; init; }

    /// <summary>Claimed by the node.</summary>
    public required string Model { get; init; }

    /// <summary>Claimed by the node; empty when the board has none.</summary>
    public required string Serial { get; init; }

    /// <summary>Claimed by the node.</summary>
    public required MacAddress Mac { get; init; }

    /// <summary><c>SHA256:…</c> of the key, proved by a signature but for <see cref="Legacy"/>. The node's console shows the same.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The same as four words, which the node's console shows as well.</summary>
    public string FingerprintWords => Protocol.FingerprintWords.Of(Fingerprint);

    /// <summary>Address the connection came from: the node's, or its entrypoint's.</summary>
    public required string Source { get; init; }

    /// <summary>When this key asked first.</summary>
    public required DateTimeOffset FirstAsked { get; init; }

    /// <summary>When it asked last.</summary>
    public required DateTimeOffset LastAsked { get; init; }

    /// <summary>What the operator must know before she accepts, e.g. that the board is known with another key; null when nothing.</summary>
    public string? Warning { get; init; }

    /// <summary>Who decided, or the policy that did; null while pending.</summary>
    public string? DecidedBy { get; init; }

    /// <summary>True when it came by WalT's HTTP protocol from the platform's own network: nobody proved to hold the key.</summary>
    public bool Legacy { get; init; }
}

/// <summary>The operator's decision.</summary>
public sealed record RequestDecision
{
    /// <summary>Accept: also when the board is known with another key, which is revoked then.</summary>
    public bool ReplaceKey { get; init; }

    /// <summary>Deny: shown on the node's console; printable ASCII, at most 200 characters.</summary>
    public string? Reason { get; init; }
}

/// <summary>An error of the admin API (RFC 9457).</summary>
public sealed record Problem
{
    /// <summary>What kind of problem, the same text for the same kind.</summary>
    public required string Title { get; init; }

    /// <summary>What happened here and what to do about it.</summary>
    public string? Detail { get; init; }

    /// <summary>The HTTP status.</summary>
    public required int Status { get; init; }
}

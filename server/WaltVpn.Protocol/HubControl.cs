using System.Text.Json.Serialization;

namespace WaltVpn.Protocol;

/// <summary>The daemon's word to the hub: one line of JSON on the hub's control socket, answered by one line; any number in turn.</summary>
/// <remarks>docs/protocol.md "Hub control".</remarks>
public sealed record HubRequest
{
    /// <summary>What is asked.</summary>
    public required HubOperation Operation { get; init; }

    /// <summary>Expect: who will come with which ticket.</summary>
    public ExpectedNode? Expect { get; init; }

    /// <summary>Disconnect: the node whose tunnel ends now. Tell: who is told.</summary>
    public string? NodeId { get; init; }

    /// <summary>Disconnect: why, for the log and the node.</summary>
    public string? Reason { get; init; }

    /// <summary>Tell: the word.</summary>
    public TunnelControl? Word { get; init; }
}

/// <summary>Operations of the hub.</summary>
[JsonConverter(typeof(EnumAsWord<HubOperation>))]
public enum HubOperation
{
    /// <summary>A node was just admitted by sshd and will show this ticket.</summary>
    Expect,

    /// <summary>End a node's tunnel and void its tickets.</summary>
    Disconnect,

    /// <summary>All live tunnels.</summary>
    List,

    /// <summary>Say a word to a node through its tunnel, beside the frames. Refused when it is not connected or speaks version 0.</summary>
    Tell,

    /// <summary>Takes the reports that nodes sent since it was asked last.</summary>
    Hear,
}

/// <summary>A node that was admitted and whose forced command is about to start.</summary>
public sealed record ExpectedNode
{
    /// <summary>One-time ticket, 32 lower-case hexadecimal digits; void after 30 seconds.</summary>
    public required string Ticket { get; init; }

    /// <summary>The node's id.</summary>
    public required string NodeId { get; init; }

    /// <summary>The only MAC address the node may send from.</summary>
    public required MacAddress VpnMac { get; init; }

    /// <summary>Serial of the certificate it logged in with.</summary>
    [JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)]
    public required ulong CertificateSerial { get; init; }
}

/// <summary>The hub's answer.</summary>
public sealed record HubAnswer
{
    /// <summary>False: <see cref="Error"/> says why.</summary>
    public required bool Ok { get; init; }

    /// <summary>Why not.</summary>
    public string? Error { get; init; }

    /// <summary>List: the live tunnels.</summary>
    public IReadOnlyList<TunnelSession>? Sessions { get; init; }

    /// <summary>List: IPv4 addresses that nodes have or had in the last five minutes, whether they are connected or not.</summary>
    public IReadOnlyList<string>? NodeAddresses { get; init; }

    /// <summary>Hear: what nodes reported; asked again at once there may be more.</summary>
    public IReadOnlyList<HeardReport>? Reports { get; init; }
}

/// <summary>One live tunnel, as the hub sees it.</summary>
public sealed record TunnelSession
{
    /// <summary>The node's id.</summary>
    public required string NodeId { get; init; }

    /// <summary>The MAC address it is bound to.</summary>
    public required MacAddress VpnMac { get; init; }

    /// <summary>Serial of the certificate of this session; a text in JSON, as in <see cref="NodeView"/>, which shows it to people.</summary>
    [JsonNumberHandling(JsonNumberHandling.WriteAsString | JsonNumberHandling.AllowReadingFromString)]
    public required ulong CertificateSerial { get; init; }

    /// <summary>Name of the node's TAP on the server.</summary>
    public required string Tap { get; init; }

    /// <summary>When the tunnel came up.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>IPv4 addresses that a DHCP server of the platform gave the node through this tunnel, newest last.</summary>
    public required IReadOnlyList<string> Addresses { get; init; }

    /// <summary>Frames from the node that reached the TAP.</summary>
    public required long FramesFromNode { get; init; }

    /// <summary>Frames from the bridge that were written towards the node.</summary>
    public required long FramesToNode { get; init; }

    /// <summary>Bytes of the frames from the node, prefixes not counted.</summary>
    public required long BytesFromNode { get; init; }

    /// <summary>Bytes of the frames to the node, prefixes not counted.</summary>
    public required long BytesToNode { get; init; }

    /// <summary>Frames from the node that the address rules or the rules for virtio-net headers stopped (docs/security.md L2-5, L2-9).</summary>
    public required long FramesRefused { get; init; }

    /// <summary>Frames lost in either direction: the TAP or the tunnel could not take them.</summary>
    public long FramesDropped { get; init; }

    /// <summary>Version of the tunnel's framing: 0 or 2.</summary>
    public int TunnelVersion { get; init; }

    /// <summary>Time to the node's agent and back, the newest of every few seconds; null in version 0 and before the first one.</summary>
    public double? RoundTripMilliseconds { get; init; }
}

using System.Text.Json.Serialization;

namespace WaltVpn.Protocol;

/// <summary>What an image tells its nodes: where the server is, how to recognise it, and the key that opens the enrolment request.</summary>
/// <remarks>
/// docs/protocol.md "Node settings". Written by <c>waltvpn setup-node</c> as YAML, put on the card's boot partition by
/// <c>waltvpn-image</c> as <c>walt-vpn.json</c>, read once by the agent. The same for every node of a platform.
/// </remarks>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record NodeSettings
{
    /// <summary>The platform's id: what the server calls itself, 1..63 characters of <c>[a-z0-9-]</c> and dots. Part of what a node signs.</summary>
    public required string Platform { get; init; }

    /// <summary>Where SSH is answered, <c>host</c> or <c>host:port</c> (default 22), tried in order, then again from the first. At least one.</summary>
    public required IReadOnlyList<string> SshEntrypoints { get; init; }

    /// <summary>The server's SSH host keys (<see cref="HostKeyLine"/>). A server that shows another key is not spoken to. At least one.</summary>
    public required IReadOnlyList<string> HostKeys { get; init; }

    /// <summary>OpenSSH private key, the same in every image of the platform. It opens the enrolment request and nothing else.</summary>
    public required Secret EnrollmentKey { get; init; }

    /// <summary>With it boards of this image join without waiting for a person (<see cref="Protocol.EnrollmentToken"/>); null: a person decides.</summary>
    public Secret? EnrollmentToken { get; init; }

    /// <summary>Where boot files are fetched over plain HTTP, <c>host</c> or <c>host:port</c> (default 80); null: the card boots what is on it.</summary>
    public string? HttpEntrypoint { get; init; }

    /// <summary>
    /// What boot files must be signed with: DER of the RSA-2048 public key (SubjectPublicKeyInfo), base64. Stands here exactly when
    /// <see cref="HttpEntrypoint"/> does.
    /// </summary>
    public string? BootKey { get; init; }

    /// <summary>Whether a boot image of earlier is started when no server answers: <c>never</c> or <c>stale-ok:DAYS</c>; null: <c>stale-ok:365</c>.</summary>
    public string? BootCache { get; init; }

    /// <summary>Where the platform's operating system runs (<see cref="HandOffMode"/>): <c>direct</c>, on the board, or <c>vm</c>; null: direct.</summary>
    public string? Mode { get; init; }

    /// <summary>Memory of the virtual machine, MiB, 64..1048576; null: what the board can spare.</summary>
    public string? GuestMemory { get; init; }

    /// <summary>Processors of the virtual machine, 1..64; null: as many as the board has.</summary>
    public string? GuestCores { get; init; }

    /// <summary>USB devices that go to the virtual machine (<see cref="UsbRule"/>); null: all, but those of <see cref="UsbDeny"/>.</summary>
    public IReadOnlyList<string>? UsbAllow { get; init; }

    /// <summary>USB devices that stay with the board, whatever <see cref="UsbAllow"/> says (<see cref="UsbRule"/>); null: none.</summary>
    public IReadOnlyList<string>? UsbDeny { get; init; }

    /// <summary>Name of the settings file on the boot partition.</summary>
    public const string FileName = "walt-vpn.json";
}

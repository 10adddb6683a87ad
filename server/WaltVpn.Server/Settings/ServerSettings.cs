using System.Net;
using WaltVpn.Protocol;

namespace WaltVpn.Server.Settings;

/// <summary>Every setting of the daemon, read once at start from server.yaml; the defaults stand in <see cref="SettingsFile"/>.</summary>
internal sealed record ServerSettings
{
    /// <summary>The platform's id, <c>[a-z0-9.-]</c>, 1..63 characters; part of what a node signs.</summary>
    public required string Platform { get; init; }

    /// <summary>The server's fully qualified name, as <c>GET /walt-vpn/server</c> tells it.</summary>
    public required string ServerName { get; init; }

    /// <summary>Database, enrolment key, revocation list. Owned by the daemon's user.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>The daemon's sockets.</summary>
    public required string RuntimeDirectory { get; init; }

    /// <summary>Where the public face listens.</summary>
    public required IPEndPoint Http { get; init; }

    /// <summary>What one caller, and all together, may ask of the public face and of the platform's.</summary>
    public required HttpLimits HttpLimits { get; init; }

    /// <summary>The HTTP entrypoints: where a connection comes from them, the caller is who their X-Forwarded-For names. May be empty.</summary>
    public required IReadOnlyList<IPNetwork> TrustedProxies { get; init; }

    /// <summary>The face towards the platform's own network; null: there is none.</summary>
    public LanSettings? Lan { get; init; }

    /// <summary>The host that boards fetch their boot files from, on port 80, as WalT's boards write it into their EEPROM; null: they cannot enrol.</summary>
    public string? HttpEntrypoint { get; init; }

    /// <summary>Path of the CA's certificate, DER, that boards check an HTTPS entrypoint with; null: what they have stays.</summary>
    public string? BootCaCertificateFile { get; init; }

    /// <summary>What boards may boot of which no operator said otherwise.</summary>
    public required BootMode BootMode { get; init; }

    /// <summary>The platform's own network; null: no connection counts as local.</summary>
    public IPNetwork? PlatformSubnet { get; init; }

    /// <summary>Policy for requests from inside <see cref="PlatformSubnet"/>.</summary>
    public required EnrollmentPolicy LanPolicy { get; init; }

    /// <summary>Policy for all other requests; never <see cref="EnrollmentPolicy.Auto"/>.</summary>
    public required EnrollmentPolicy RemotePolicy { get; init; }

    /// <summary>Where nodes reach SSH; at least one.</summary>
    public required IReadOnlyList<SshEntrypoint> SshEntrypoints { get; init; }

    /// <summary>Files with the public halves of the server's SSH host keys.</summary>
    public required IReadOnlyList<string> HostKeyFiles { get; init; }

    /// <summary>Bootloaders that were built before are not written by nodes; null: any may be.</summary>
    public DateTimeOffset? LeastBootloader { get; init; }

    /// <summary>How often a node that runs asks for its settings.</summary>
    public required TimeSpan SettingsInterval { get; init; }

    /// <summary>Life of a node certificate.</summary>
    public required TimeSpan CertificateLife { get; init; }

    /// <summary>The hub's control socket.</summary>
    public required string HubControlSocket { get; init; }

    /// <summary>Socket of the ssh-agent that holds the CA key.</summary>
    public required string CaAgentSocket { get; init; }

    /// <summary>File with the CA's public key.</summary>
    public required string CaPublicKeyFile { get; init; }

    /// <summary>File with the public half of the key that signs boot files, PEM.</summary>
    public required string BootPublicKeyFile { get; init; }

    /// <summary>The user sshd runs the helpers as; besides root the only one heard on the enrolment and login sockets.</summary>
    public required string SshUser { get; init; }

    /// <summary>Members may use the administration socket.</summary>
    public required string OperatorGroup { get; init; }

    /// <summary>Socket of the enrolment relay (docs/protocol.md "Enrolment relay").</summary>
    public string EnrollSocket => Path.Combine(RuntimeDirectory, "enroll.sock");

    /// <summary>Socket of sshd's questions (docs/protocol.md "Login").</summary>
    public string LoginSocket => Path.Combine(RuntimeDirectory, "login.sock");

    /// <summary>Socket of the administration (docs/protocol.md "HTTP").</summary>
    public string ApiSocket => Path.Combine(RuntimeDirectory, "api.sock");

    /// <summary>The database.</summary>
    public string DatabaseFile => Path.Combine(StateDirectory, "waltvpn.db");

    /// <summary>Private half of the enrolment key; the public half has <c>.pub</c> behind it.</summary>
    public string EnrollmentKeyFile => Path.Combine(StateDirectory, "enrollment_key");

    /// <summary>The revocation list that sshd reads (<c>RevokedKeys</c>).</summary>
    public string RevocationListFile => Path.Combine(StateDirectory, "revoked.krl");

    /// <summary>Published boot images, each under its SHA-256; never changed.</summary>
    public string BootImageDirectory => Path.Combine(StateDirectory, "boot");

    /// <summary>Short-lived files: those handed to ssh-keygen, uploads that are not whole yet. Emptied at start.</summary>
    public string WorkDirectory => Path.Combine(StateDirectory, "work");
}

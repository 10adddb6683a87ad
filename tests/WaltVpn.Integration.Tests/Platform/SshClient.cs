namespace WaltVpn.Integration.Tests.Platform;

/// <summary>The real ssh with one credential, from one place. It has a DISPLAY, or it would not even ask for X11.</summary>
/// <param name="Settings">Pinned host key.</param>
/// <param name="Key">Path of the private key.</param>
internal sealed record SshClient(ImageSettings Settings, string Key)
{
    /// <summary>Path of the certificate; null: the plain key.</summary>
    public string? Certificate { get; init; }

    /// <summary>Socket of an agent that has key and certificate, and that is forwarded, as WalT's nodes do it; null: neither.</summary>
    public string? AgentSocket { get; init; }

    /// <summary>Network namespace it runs in: <c>site</c>, the far end of the wire, or <see cref="Lan.Namespace"/>.</summary>
    public string Namespace { get; init; } = "site";

    /// <summary>The server's address from there.</summary>
    public string Address { get; init; } = RunningPlatform.PublicAddress;

    /// <summary>Where its sshd listens.</summary>
    public string Port { get; init; } = RunningPlatform.SshPort;

    /// <summary>Who logs in.</summary>
    public string User { get; init; } = "walt-vpn";

    /// <summary>Arguments of <c>ip</c> that run ssh in its namespace.</summary>
    /// <param name="options">Before the host.</param>
    /// <param name="command">After it; null: none.</param>
    public string[] Arguments(IEnumerable<string> options, string? command) =>
    [
        "netns", "exec", Namespace, "env", "DISPLAY=:9", "ssh", "-F", "none", "-p", Port,
        .. AgentSocket is null
            ? ["-i", Key, .. Options("IdentitiesOnly=yes", "IdentityAgent=none")]
            : Options($"IdentityAgent={AgentSocket}", "ForwardAgent=yes", "IdentityFile=none"),
        .. Options(
            "BatchMode=yes", "PreferredAuthentications=publickey", "HostKeyAlias=waltvpn-server",
            "UpdateHostKeys=no", "StrictHostKeyChecking=yes", $"UserKnownHostsFile={Settings.KnownHosts}", "GlobalKnownHostsFile=/dev/null",
            "ConnectTimeout=20", "EscapeChar=none"),
        .. Certificate is null || AgentSocket is not null ? [] : Options($"CertificateFile={Certificate}"),
        .. options, "-l", User, Address, .. command is null ? Array.Empty<string>() : ["--", command],
    ];

    /// <summary>Runs a command to its end.</summary>
    public Task<ToolResult> Run(string? command, params string[] options) => Tool.Run("ip", Arguments(options, command));

    private static IEnumerable<string> Options(params string[] options) => options.SelectMany(option => new[] { "-o", option });
}

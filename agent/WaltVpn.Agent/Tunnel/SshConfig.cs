using System.Text;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Tunnel;

/// <summary>The node's ssh_config(5), with the files it names. Written once per boot to /run: nothing secret ever stands on a command line.</summary>
internal static class SshConfig
{
    /// <summary>Where the files are.</summary>
    public const string DefaultDirectory = "/run/walt-vpn/ssh";

    /// <summary>Host block that opens the enrolment conversation.</summary>
    public const string Enrollment = "enrollment";

    /// <summary>Host block that opens the tunnel.</summary>
    public const string Tunnel = "tunnel";

    /// <summary>Host block that asks for the node's settings.</summary>
    public const string Settings = "settings";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes what the enrolment needs.</summary>
    /// <param name="settings">Host keys and enrolment key.</param>
    /// <param name="directory">Created; owner only.</param>
    public static void WriteForEnrollment(NodeSettings settings, string directory = DefaultDirectory)
    {
        Directory.CreateDirectory(directory, OwnerOnly | UnixFileMode.UserExecute);
        WriteHostKeys(settings.HostKeys, [], directory);
        Write(directory, "enrollment_key", settings.EnrollmentKey.Reveal().Trim() + "\n");
        Write(directory, "config", Text(directory, nodeKeyPath: null));
    }

    /// <summary>Which keys the server must show.</summary>
    /// <param name="current">On <see cref="WayIn.Current"/> ways.</param>
    /// <param name="former">On <see cref="WayIn.Former"/> ways.</param>
    /// <param name="directory">Of the files.</param>
    public static void WriteHostKeys(IEnumerable<string> current, IEnumerable<string> former, string directory = DefaultDirectory)
    {
        var lines = current.Select(key => $"{WayIn.Current} {key}\n").Concat(former.Select(key => $"{WayIn.Former} {key}\n"));
        Write(directory, "known_hosts", string.Concat(lines));
    }

    /// <summary>Writes what a node with a key of its own needs to ask the server, and nothing for enrolment.</summary>
    /// <param name="privateKey">As ssh-keygen writes it.</param>
    /// <param name="certificate">One line.</param>
    /// <param name="directory">Created; owner only. In memory, and gone when it is not needed any more.</param>
    public static void WriteForNode(Secret privateKey, string certificate, string directory)
    {
        Directory.CreateDirectory(directory, OwnerOnly | UnixFileMode.UserExecute);
        Write(directory, "node_key", privateKey.Reveal().Trim() + "\n");
        Write(directory, "node_key-cert.pub", certificate.Trim() + "\n");
        Write(directory, "config", Text(directory, $"{directory}/node_key"));
    }

    /// <summary>Adds what the tunnel needs.</summary>
    public static void AddTunnel(string nodeKeyPath, NodeIdentity identity, string directory = DefaultDirectory)
    {
        Write(directory, "node_key-cert.pub", identity.Certificate.Trim() + "\n");
        Write(directory, "config", Text(directory, nodeKeyPath));
    }

    /// <summary>The AES instructions make AES-GCM several times faster than ChaCha20; without them it is the other way round.</summary>
    /// <param name="cpuInfo">/proc/cpuinfo; x86 calls the line flags, arm64 Features.</param>
    internal static string Ciphers(string cpuInfo)
    {
        var features = cpuInfo.Split('\n').FirstOrDefault(line =>
            line.StartsWith("flags", StringComparison.Ordinal) || line.StartsWith("Features", StringComparison.Ordinal)) ?? "";
        return features.Split([' ', '\t', ':']).Contains("aes")
            ? "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com"
            : "chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes256-gcm@openssh.com";
    }

    private static string Text(string directory, string? nodeKeyPath)
    {
        var text = new StringBuilder($"""
            # Written by waltvpn-agent at boot.
            Host *
              User walt-vpn
              HostKeyAlias {WayIn.Current}
              UserKnownHostsFile {directory}/known_hosts
              GlobalKnownHostsFile /dev/null
              StrictHostKeyChecking yes
              # No HostKeyAlgorithms: then ssh asks for the types that known_hosts has of the server, and takes no other key.
              UpdateHostKeys no
              PreferredAuthentications publickey
              IdentitiesOnly yes
              IdentityAgent none
              BatchMode yes
              ForwardAgent no
              ClearAllForwardings yes
              RequestTTY no
              EscapeChar none
              Compression no
              # ssh would mark the packets as a transfer in the background (CS1), which routers let wait.
              IPQoS none
              ConnectTimeout 10
              ServerAliveInterval 15
              ServerAliveCountMax 3
              Ciphers {Ciphers(File.ReadAllText("/proc/cpuinfo"))}
              # Says "Authenticated to ..." when the login is through; quieter levels say nothing.
              LogLevel VERBOSE

            Host {Enrollment}
              IdentityFile {directory}/enrollment_key

            """);
        if (nodeKeyPath is not null)
        {
            text.Append($"""

                Host {Tunnel} {Settings}
                  IdentityFile {nodeKeyPath}
                  CertificateFile {directory}/node_key-cert.pub

                Host {Settings}
                  RemoteCommand {TunnelCommand.Settings}

                """);
        }

        return text.ToString();
    }

    private static void Write(string directory, string name, string text)
    {
        var path = Path.Combine(directory, name);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
        using (var file = new FileStream(path + ".new", options))
            file.Write(Encoding.UTF8.GetBytes(text));
        File.Move(path + ".new", path, overwrite: true);
    }
}

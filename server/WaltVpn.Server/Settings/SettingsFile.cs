using System.Globalization;
using System.Net;
using System.Net.Sockets;
using WaltVpn.Protocol;

namespace WaltVpn.Server.Settings;

/// <summary>server.yaml: its keys, their defaults and ranges. packaging/etc/server.yaml shows the same to the operator.</summary>
internal static class SettingsFile
{
    /// <summary>Reads and checks the file.</summary>
    /// <exception cref="SettingsException">It cannot be read, a key is unknown or a value is out of range.</exception>
    public static ServerSettings Load(string path)
    {
        try
        {
            return Parse(File.ReadAllText(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"cannot read the settings: {e.Message} Give the file with --config.");
        }
        catch (SettingsException e)
        {
            throw new SettingsException($"{path}: {e.Message}");
        }
    }

    /// <summary>Like <see cref="Load"/>, from the text.</summary>
    public static ServerSettings Parse(string yaml)
    {
        var keys = YamlKeys.Parse(yaml);
        var serverName = keys.Text("serverName", FullyQualifiedName, ServerNameGrammar);
        var settings = new ServerSettings
        {
            ServerName = serverName,
            Platform = keys.Text("platform", () => serverName.ToLowerInvariant(), PlatformGrammar),
            StateDirectory = keys.Path("stateDirectory", "/var/lib/waltvpn"),
            RuntimeDirectory = keys.Path("runtimeDirectory", "/run/waltvpn"),
            Http = new IPEndPoint(
                keys.Read("http.address", IPAddress.Any, text => IPAddress.TryParse(text, out var address) ? address : null,
                    "an IP address of this machine, or 0.0.0.0 for all"),
                keys.Number("http.port", 80, 0, 65535)),
            PlatformSubnet = keys.ReadOptional("platformSubnet", ReadNetwork, "a network like 192.168.152.0/24"),
            LanPolicy = keys.Word("enrollment.lan", EnrollmentPolicy.Manual, EnrollmentPolicy.Auto, EnrollmentPolicy.Manual, EnrollmentPolicy.Deny),
            RemotePolicy = keys.Word("enrollment.remote", EnrollmentPolicy.Manual, EnrollmentPolicy.Manual, EnrollmentPolicy.Deny),
            SshEntrypoints = keys.List("sshEntrypoints", [serverName.ToLowerInvariant()],
                text => SshEntrypoint.TryParse(text, out var entrypoint) ? entrypoint : (SshEntrypoint?)null, "host or host:port, in lower case"),
            HostKeyFiles = keys.List("hostKeyFiles", ["/etc/ssh/ssh_host_ed25519_key.pub"], IsAbsolutePath, "the absolute path of a .pub file")
                .Select(file => file.Value).ToList(),
            CertificateLife = TimeSpan.FromDays(keys.Number("certificateLifeDays", 1095, 1, 3650)),
            HubControlSocket = keys.Path("hubControlSocket", "/run/waltvpn-hub/control.sock"),
            CaAgentSocket = keys.Path("caAgentSocket", "/run/waltvpn-ca/agent.sock"),
            CaPublicKeyFile = keys.Path("caPublicKey", "/var/lib/waltvpn-ca/ca_key.pub"),
            BootPublicKeyFile = keys.Path("bootPublicKey", "/etc/waltvpn/boot/public.pem"),
            SshUser = keys.Text("sshUser", () => "walt-vpn", AccountGrammar),
            OperatorGroup = keys.Text("operatorGroup", () => "waltvpn", AccountGrammar),
        };
        keys.RefuseUnread();
        return settings;
    }

    /// <summary>What <c>hostname -f</c> answers; the host name alone where name resolution knows no more.</summary>
    private static string FullyQualifiedName()
    {
        try
        {
            var name = Dns.GetHostEntry(Dns.GetHostName()).HostName;
            return ServerNameGrammar(name) is null ? name : Environment.MachineName;
        }
        catch (SocketException)
        {
            return Environment.MachineName;
        }
    }

    private static string? ServerNameGrammar(string text) =>
        SshEntrypoint.IsHostName(text.ToLowerInvariant()) ? null : "a DNS name";

    private static string? PlatformGrammar(string text) =>
        text.Length is >= 1 and <= 63 && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '-')
            ? null
            : "1 to 63 characters of a-z, 0-9, dot and hyphen";

    // useradd(8): names that start with a letter or underscore; at most 32 characters.
    private static string? AccountGrammar(string text) =>
        text.Length is >= 1 and <= 32 && (char.IsAsciiLetterLower(text[0]) || text[0] == '_')
        && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_') ? null : "the name of a user or group of this machine";

    private static IPNetwork? ReadNetwork(string text) => IPNetwork.TryParse(text, out var network) ? network : null;

    private static AbsolutePath? IsAbsolutePath(string text) => Path.IsPathFullyQualified(text) ? new AbsolutePath(text) : null;

    private readonly record struct AbsolutePath(string Value);

    /// <summary>A number, for messages.</summary>
    internal static string Show(int number) => number.ToString(CultureInfo.InvariantCulture);
}

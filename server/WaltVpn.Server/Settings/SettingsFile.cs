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
    public static ServerSettings Load(string path) => Load(path, out _);

    /// <summary>The same; tells all keys too, with what holds for each.</summary>
    public static ServerSettings Load(string path, out IReadOnlyList<SettingView> all)
    {
        try
        {
            return Parse(File.ReadAllText(path), out all);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"cannot read the settings {path}: {e.Message} server/packaging/install puts an explained server.yaml into /etc/waltvpn; --config names another.");
        }
        catch (SettingsException e)
        {
            throw new SettingsException($"{path}: {e.Message}");
        }
    }

    /// <summary>Reads and checks the text of the file.</summary>
    public static ServerSettings Parse(string yaml) => Parse(yaml, out _);

    /// <summary>The same; tells all keys too, with what holds for each.</summary>
    public static ServerSettings Parse(string yaml, out IReadOnlyList<SettingView> all)
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
            HttpEntrypoint = keys.Read<string?>("http.entrypoint", null, text => SshEntrypoint.IsHostName(text) ? text : null,
                "a host name in lower case or an IPv4 address, without port: the firmware of the boards asks port 80 and no other"),
            HttpLimits = new HttpLimits
            {
                RequestsPerSecond = keys.Number("http.requestsPerSecond", 100, 1, 100_000),
                ConnectionsOfOneAddress = keys.Number("http.connectionsOfOneAddress", 256, 1, 1024),
            },
            TrustedProxies = keys.List("http.trustedProxies", [], ReadProxy, "an address like 198.51.100.7 or a network like 198.51.100.0/24")
                .Select(proxy => IPNetwork.Parse(proxy)).ToList(),
            BootMode = keys.Word("bootMode", BootMode.Enforced, BootMode.Enforced, BootMode.Permissive),
            LeastBootloader = keys.ReadOptional("leastBootloader", ReadDay, "a day like 2025-05-08, the build date of a bootloader"),
            PlatformSubnet = keys.ReadOptional("platformSubnet", ReadNetwork, "a network like 192.168.152.0/24"),
            Lan = ReadLan(keys),
            LanPolicy = keys.Word("enrollment.lan", EnrollmentPolicy.Manual, EnrollmentPolicy.Auto, EnrollmentPolicy.Manual, EnrollmentPolicy.Deny),
            RemotePolicy = keys.Word("enrollment.remote", EnrollmentPolicy.Manual, EnrollmentPolicy.Manual, EnrollmentPolicy.Token,
                EnrollmentPolicy.Deny),
            SshEntrypoints = keys.List("sshEntrypoints", [serverName.ToLowerInvariant()],
                text => SshEntrypoint.TryParse(text, out var entrypoint) ? entrypoint : null, "host or host:port, in lower case"),
            HostKeyFiles = keys.List("hostKeyFiles", ["/etc/ssh/ssh_host_ed25519_key.pub"], AbsolutePath, "the absolute path of a .pub file"),
            SettingsInterval = TimeSpan.FromMinutes(keys.Number("settingsMinutes", 15, 1, 1440)),
            CertificateLife = TimeSpan.FromDays(keys.Number("certificateLifeDays", 1095, 1, 3650)),
            HubControlSocket = keys.Path("hubControlSocket", "/run/waltvpn-hub/control.sock"),
            CaAgentSocket = keys.Path("caAgentSocket", "/run/waltvpn-ca/agent.sock"),
            CaPublicKeyFile = keys.Path("caPublicKey", "/var/lib/waltvpn-ca/ca_key.pub"),
            BootPublicKeyFile = keys.Path("bootPublicKey", "/etc/waltvpn/boot/public.pem"),
            BootCaCertificateFile = keys.Read<string?>(
                "bootCaCertificate", null, AbsolutePath, "the absolute path of a certificate in DER form"),
            SshUser = keys.Text("sshUser", () => "walt-vpn", AccountGrammar),
            OperatorGroup = keys.Text("operatorGroup", () => "waltvpn", AccountGrammar),
        };
        keys.RefuseUnread();
        CheckLan(keys, settings);
        all = keys.WasRead;
        return settings;
    }

    private static LanSettings? ReadLan(YamlKeys keys)
    {
        var address = keys.Read<IPAddress?>("lan.address", null, text => ReadAddress(text), "an IPv4 address of this machine");
        var port = keys.Number("lan.port", 80, 1, 65535);
        var leaseFile = keys.Read<string?>("lan.leaseFile", null, AbsolutePath, "the absolute path of dnsmasq's lease file");
        var entrypoint = keys.Read<SshEntrypoint?>(
            "lan.sshEntrypoint",
            null,
            text => SshEntrypoint.TryParse(text, out var way) && way.Port == SshEntrypoint.DefaultPort ? way : null,
            "a host without port, in lower case: WalT's boards know port 22 only");
        var hostKeys = keys.List("lan.hostKeyFiles", [], AbsolutePath, "the absolute path of a .pub file");
        if (entrypoint is null != (hostKeys.Count == 0)) throw keys.Error("lan", "lan.sshEntrypoint and lan.hostKeyFiles, the keys it shows, go together; write both: waltvpn config edit");
        if (address is not null) return new LanSettings(new IPEndPoint(address, port), leaseFile) { SshEntrypoint = entrypoint, HostKeyFiles = hostKeys };
        if (keys.Has("lan.port") || keys.Has("lan.leaseFile") || entrypoint is not null)
            throw keys.Error("lan", "lan.address is missing: the address of this machine in the platform's network, e.g. lan: { address: 192.168.152.1 }");
        return null;
    }

    /// <summary>The LAN face is for who is inside the platform's network, and on a socket of its own.</summary>
    private static void CheckLan(YamlKeys keys, ServerSettings settings)
    {
        if (settings.Lan is not { EndPoint: var lan }) return;
        if (settings.PlatformSubnet is not { } subnet) throw keys.Error("lan.address", "lan.address needs platformSubnet, the network that it is an address of");
        if (!subnet.Contains(lan.Address)) throw keys.Error("lan.address", $"lan.address: '{lan.Address}' is not inside platformSubnet {subnet}");
        if (lan.Equals(settings.Http)) throw keys.Error("lan", $"lan and http both name {lan}; give http another address or port");
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

    // IPAddress.TryParse also takes '10' and '0x0a000001'.
    private static IPAddress? ReadAddress(string text) =>
        IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetwork && address.ToString() == text
        && !address.Equals(IPAddress.Any) ? address : null;

    // The network of one address ends after all of its bits.
    private static string? ReadProxy(string text) =>
        IPNetwork.TryParse(text, out _) ? text
        : IPAddress.TryParse(text, out var address) && address.ToString() == text ? $"{address}/{address.GetAddressBytes().Length * 8}"
        : null;

    private static DateTimeOffset? ReadDay(string text) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day.Year >= 2018
            ? new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero)
            : null;

    private static IPNetwork? ReadNetwork(string text) => IPNetwork.TryParse(text, out var network) ? network : null;

    private static string? AbsolutePath(string text) => Path.IsPathFullyQualified(text) ? text : null;

    /// <summary>A number, for messages.</summary>
    internal static string Show(int number) => number.ToString(CultureInfo.InvariantCulture);
}

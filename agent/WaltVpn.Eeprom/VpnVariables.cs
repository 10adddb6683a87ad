using System.Net;
using WaltVpn.Protocol;

namespace WaltVpn.Eeprom;

/// <summary>What makes a board a VPN node: the variables of WalT in its bootloader configuration, and the bootloader's own that go with them.</summary>
/// <remarks>docs/eeprom.md "A node's variables". Names and forms are WalT's, so that its nodes and ours read each other's.</remarks>
public sealed record VpnVariables
{
    /// <summary>The variable without which a board is no node.</summary>
    public const string MacName = "WALT_VPN_MAC";

    /// <summary>The variable that holds the secrets.</summary>
    public const string CredentialsName = "WALT_VPN_CREDS";

    internal const string EntrypointName = "WALT_VPN_ENTRYPOINT";
    internal const string EntrypointsName = "WALTVPN_ENTRYPOINTS";
    internal const string BootModeName = "WALT_VPN_BOOT_MODE";
    internal const string Enforced = "enforced";
    internal const string Permissive = "permissive";

    private const string BootOrderName = "BOOT_ORDER";
    private const string SelfUpdateName = "ENABLE_SELF_UPDATE";
    private const string HttpHostName = "HTTP_HOST";
    private const string HttpPathName = "HTTP_PATH";

    /// <summary>Shows the vendor's screen at power-on, whatever NET_INSTALL_ENABLED says.</summary>
    private const string InstallAtPowerOnName = "NET_INSTALL_AT_POWER_ON";

    /// <summary>Address of the node's end of the tunnel.</summary>
    public required MacAddress Mac { get; init; }

    /// <summary>Where SSH is answered: a host name or an IP address, no port.</summary>
    public required string Entrypoint { get; init; }

    /// <summary>All places where SSH is answered, <c>host:port</c> joined by commas, the first on <see cref="Entrypoint"/>'s host; null: only there, on port
    /// 22. Ours: WalT's nodes do not know the variable.</summary>
    public string? Entrypoints { get; init; }

    public required VpnBootMode BootMode { get; init; }

    /// <summary>Where boot files are served: a host name in lower case, no port.</summary>
    public required string HttpHost { get; init; }

    /// <summary>Path of the boot files, no slash at its start.</summary>
    public required string HttpPath { get; init; }

    public required VpnCredentials Credentials { get; init; }

    /// <summary>Reads what <see cref="WriteTo"/> wrote, or WalT.</summary>
    /// <returns>Null when the board is no VPN node: it has no MAC address for one.</returns>
    /// <exception cref="EepromException">Something is missing or damaged.</exception>
    public static VpnVariables? ReadFrom(BootConfig config)
    {
        if (config.Find(MacName) is not { Length: > 0 } mac) return null;
        string[] names = [MacName, EntrypointName, BootModeName, HttpHostName, HttpPathName, CredentialsName];
        foreach (var name in names)
        {
            var value = config.Find(name)
                ?? throw new EepromException(EepromFault.BadConfig, $"there is {MacName} and no {name}; a node needs all of {string.Join(", ", names)}");
            BootVariables.Check(name, value);
        }

        return new VpnVariables
        {
            Mac = MacAddress.Parse(mac),
            Entrypoint = config.Find(EntrypointName)!,
            Entrypoints = FindEntrypoints(config),
            BootMode = config.Find(BootModeName) == Enforced ? VpnBootMode.Enforced : VpnBootMode.Permissive,
            HttpHost = config.Find(HttpHostName)!,
            HttpPath = config.Find(HttpPathName)!,
            Credentials = VpnCredentials.Unpack(config.Find(CredentialsName)!),
        };
    }

    /// <summary>Where a configuration says that SSH is answered, whatever else is wrong with it; none when it does not say so.</summary>
    public static IReadOnlyList<SshEntrypoint> EntrypointsOf(BootConfig config)
    {
        if (config.Find(EntrypointsName) is { } all && IsEntrypoints(all))
        {
            return [.. all.Split(',').Select(text => SshEntrypoint.TryParse(text, out var place) ? place : throw new InvalidOperationException(text))];
        }

        return config.Find(EntrypointName) is { } host && IsEntrypoint(host) ? [new SshEntrypoint(host, SshEntrypoint.DefaultPort)] : [];
    }

    /// <summary>The same configuration with these variables and the bootloader's that belong to the boot mode.</summary>
    /// <param name="config">What the board has; <see cref="BootConfig.Empty"/> for a new one, which gives WalT's lines in WalT's order.</param>
    /// <exception cref="EepromException">A value is not right, or another section of the configuration would change one of them again.</exception>
    public BootConfig WriteTo(BootConfig config)
    {
        (string Name, string Value)[] variables =
        [
            ("BOOT_UART", "1"),
            (BootOrderName, (BootMode == VpnBootMode.Enforced ? BootOrder.Enforced : BootOrder.Permissive).ToString()),
            ("NET_INSTALL_ENABLED", "0"),
            (SelfUpdateName, BootMode == VpnBootMode.Enforced ? "0" : "1"),
            (HttpHostName, HttpHost),
            (HttpPathName, HttpPath),
            // The first request of a board tends to be lost; the default repeats it after four seconds.
            ("DHCP_REQ_TIMEOUT", "500"),
            (MacName, Mac.ToString()),
            (EntrypointName, Entrypoint),
            (BootModeName, BootMode == VpnBootMode.Enforced ? Enforced : Permissive),
            (CredentialsName, Credentials.Pack()),
        ];
        if (!IsHttpPath(HttpPath))
        {
            throw new EepromException(EepromFault.BadConfig, $"{HttpPathName} must be letters, digits and ./_~-, like walt-vpn/per-ip/10-0-0-1");
        }

        foreach (var (name, _) in variables.Append((InstallAtPowerOnName, "")).Append((EntrypointsName, ""))) RefuseOtherPlaces(config, name);
        var written = variables.Aggregate(config.Without(InstallAtPowerOnName), (result, variable) => result.With(variable.Name, variable.Value));
        return Entrypoints is null ? written.Without(EntrypointsName) : written.With(EntrypointsName, Entrypoints);
    }

    internal static bool IsEntrypoints(string text) => text.Split(',').All(entry => SshEntrypoint.TryParse(entry, out _));

    private static string? FindEntrypoints(BootConfig config)
    {
        var value = config.Find(EntrypointsName);
        if (value is not null) BootVariables.Check(EntrypointsName, value);
        return value;
    }

    internal static bool IsEntrypoint(string text) =>
        SshEntrypoint.IsHostName(text) || (IPAddress.TryParse(text, out var address) && address.ToString() == text);

    private static bool IsHttpPath(string text) =>
        text.Length > 0 && text[0] != '/' && text.All(c => char.IsAsciiLetterOrDigit(c) || "./_~-".Contains(c, StringComparison.Ordinal));

    /// <summary>A section would give some boards another value. And WalT's nodes look for <c>NAME=</c> anywhere in the text, comments included.</summary>
    private static void RefuseOtherPlaces(BootConfig config, string name)
    {
        for (var i = 0; i < config.Lines.Count; i++)
        {
            var line = config.Lines[i];
            if (line.IsUnconditional && line.Name == name) continue;
            var elsewhere = line.Kind == BootConfigLineKind.Variable && line.Name == name;
            var mentioned = name.StartsWith("WALT_VPN_", StringComparison.Ordinal) && line.Text.Contains($"{name}=", StringComparison.Ordinal);
            if (!elsewhere && !mentioned) continue;
            var where = line.Filter.Length > 0 ? $" below {line.Filter}" : "";
            throw new EepromException(EepromFault.BadConfig, $"line {i + 1}{where} has another {name}=, which a node may take for its own; remove that line");
        }
    }
}

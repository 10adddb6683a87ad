using System.Globalization;
using System.Net;
using System.Net.Sockets;
using WaltVpn.Protocol;

namespace WaltVpn.Eeprom;

/// <summary>What is known of the variables in a configuration: how names and values look, and what the bootloader takes without a word for
/// something else.</summary>
/// <remarks>docs/eeprom.md "The configuration". A variable that is not listed may have any value: bootloaders ignore names they do not know.</remarks>
internal static class BootVariables
{
    private const string HostName = "lower-case letters, digits, '-' and '.'";

    /// <summary>A rule per variable: null when the value is right, else what is expected.</summary>
    private static readonly Dictionary<string, Func<string, string?>> _rules = new(StringComparer.Ordinal)
    {
        ["BOOT_ORDER"] = value => BootOrder.TryParse(value, out _) ? null : "0x and up to 8 digits of 0 to 7, e and f, like 0xf41",
        ["BOOT_UART"] = Flag,
        ["NET_INSTALL_ENABLED"] = Flag,
        ["NET_INSTALL_AT_POWER_ON"] = Flag,
        ["ENABLE_SELF_UPDATE"] = Flag,
        ["FREEZE_VERSION"] = Flag,
        ["SIGNED_BOOT"] = Flag,
        ["DHCP_TIMEOUT"] = value => Number(value, 5000),
        ["DHCP_REQ_TIMEOUT"] = value => Number(value, 500),
        ["TFTP_FILE_TIMEOUT"] = value => Number(value, 5000),
        ["NET_BOOT_MAX_RETRIES"] = value => Number(value, -1),
        ["SD_BOOT_MAX_RETRIES"] = value => Number(value, -1),
        ["MAX_RESTARTS"] = value => Number(value, -1),
        ["TFTP_PREFIX"] = value => Number(value, 0, 2),
        ["TFTP_PREFIX_STR"] = value => value.Length <= 32 ? null : "at most 32 characters",
        ["TFTP_IP"] = Address,
        ["CLIENT_IP"] = Address,
        ["SUBNET"] = Address,
        ["GATEWAY"] = Address,
        // The bootloader ignores a name it cannot read and goes to its vendor's host instead.
        ["HTTP_HOST"] = value => SshEntrypoint.IsHostName(value) ? null : $"a host name: {HostName}; no http://, no port",
        ["HTTP_PORT"] = value => Number(value, 1, 65535),
        ["HTTP_CACERT_HASH"] = value => value.Length == 64 && value.All(char.IsAsciiHexDigit) ? null : "64 hexadecimal digits, the SHA-256 of cacert.der",
        [VpnVariables.MacName] = value => MacAddress.TryParse(value, out _) ? null : "the MAC address of a station, like 52:54:00:12:34:56",
        [VpnVariables.EntrypointName] = value => VpnVariables.IsEntrypoint(value) ? null : $"a host name ({HostName}) or an IP address; no port",
        [VpnVariables.EntrypointsName] = value => VpnVariables.IsEntrypoints(value) ? null : "HOST:PORT, several joined by commas",
        [VpnVariables.BootModeName] = value =>
            value is VpnVariables.Enforced or VpnVariables.Permissive ? null : $"{VpnVariables.Enforced} or {VpnVariables.Permissive}",
    };

    /// <summary>Letters, digits and underscores, the first no digit.</summary>
    public static bool IsName(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || char.IsAsciiDigit(text[0])) return false;
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '_') return false;
        }

        return true;
    }

    /// <summary>True when the value of a variable of that name is for nobody's eyes. Comment signs and spaces before the name do not matter.</summary>
    public static bool IsSecret(string name)
    {
        string[] words = ["CREDS", "SECRET", "PASSWORD", "TOKEN", "PRIVATE"];
        return words.Any(word => name.Contains(word, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>What is wrong with a value, or null.</summary>
    public static string? RefuseValue(string name, string value)
    {
        if (value.AsSpan().ContainsAnyExceptInRange(' ', '~')) return "has a character that is no printable ASCII";
        if (value.Length != value.AsSpan().Trim().Length) return "has a space at an end of its value, which the bootloader takes for a part of it";
        return _rules.TryGetValue(name, out var rule) && rule(value) is { } expected ? $"has a value that the bootloader ignores; expected {expected}" : null;
    }

    /// <summary>Looks at what is to be written.</summary>
    /// <exception cref="EepromException">The name or the value is not right.</exception>
    public static void Check(string name, string value)
    {
        if (!IsName(name)) throw new EepromException(EepromFault.BadConfig, $"'{name}' is no name of a variable; expected letters, digits and '_'");
        if (RefuseValue(name, value) is { } reason) throw new EepromException(EepromFault.BadConfig, $"{name} {reason}");
    }

    private static string? Flag(string value) => value is "0" or "1" ? null : "0 or 1";

    private static string? Number(string value, int least, int most = int.MaxValue) =>
        int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? null
            : most == int.MaxValue ? $"a number from {least}" : $"a number from {least} to {most}";

    private static string? Address(string value) =>
        value.Length == 0 || (IPAddress.TryParse(value, out var address) && address.AddressFamily == AddressFamily.InterNetwork && address.ToString() == value)
            ? null
            : "an IPv4 address";
}

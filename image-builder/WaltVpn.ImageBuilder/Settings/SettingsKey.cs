using System.Globalization;
using System.Security.Cryptography;
using WaltVpn.Protocol;

namespace WaltVpn.ImageBuilder.Settings;

/// <summary>One key of the settings file: its name, an example of it, and what is wrong with a value.</summary>
/// <param name="Name">As it stands in the file; the JSON name of the member of <see cref="NodeSettings"/>.</param>
/// <param name="Example">What to write.</param>
/// <param name="Refuse">Gives the reason why a value is not accepted, or null when it is. Never quotes a secret.</param>
/// <param name="MayBeMissing">True for what not every platform has.</param>
internal sealed record SettingsKey(string Name, string Example, Func<string, string?> Refuse, bool MayBeMissing = false)
{
    private const int MaxPlatform = 63;
    private const int BootKeyBits = 2048;
    private const int MaxCacheDays = 36_500;

    public static readonly SettingsKey Platform = new("platform", "platform: my-platform.example.org", RefusePlatform);

    public static readonly SettingsKey SshEntrypoints = new("sshEntrypoints", "sshEntrypoints: [ssh.example.org, \"192.0.2.7:2222\"]", RefuseEntrypoint);

    public static readonly SettingsKey HostKeys = new(
        "hostKeys", "hostKeys: [\"ssh-ed25519 AAAA…\"], the first two words of the server's ssh_host_ed25519_key.pub", RefuseHostKey);

    public static readonly SettingsKey EnrollmentKey = new(
        "enrollmentKey", "enrollmentKey: | and below it, indented, the lines that 'waltvpn setup-node' wrote", text => OpenSshKey.RefusePrivate(text));

    public static readonly SettingsKey EnrollmentToken = new(
        "enrollmentToken",
        "enrollmentToken: and what 'waltvpn token create' printed",
        text => Protocol.EnrollmentToken.IsValid(text) ? null : $"is none: {Protocol.EnrollmentToken.Rule}",
        MayBeMissing: true);

    public static readonly SettingsKey HttpEntrypoint = new(
        "httpEntrypoint", "httpEntrypoint: boot.example.org, or boot.example.org:8080", RefuseEntrypoint, MayBeMissing: true);

    public static readonly SettingsKey BootKey = new("bootKey", "bootKey: \"MIIB…\", as 'waltvpn setup-node' wrote it", RefuseBootKey, MayBeMissing: true);

    public static readonly SettingsKey BootCache = new("bootCache", "bootCache: never, or bootCache: stale-ok:30", RefuseBootCache, MayBeMissing: true);

    public static readonly SettingsKey Mode = new(
        "mode", "mode: direct, or mode: vm", text => HandOffMode.IsMode(text) ? null : $"'{text}' is neither direct nor vm", MayBeMissing: true);

    public static readonly SettingsKey GuestMemory = new(
        "guestMemory",
        "guestMemory: 1024",
        text => HandOffMode.Memory(text) is null ? $"'{text}' is no number of MiB, {HandOffMode.LeastMemory} to {HandOffMode.MostMemory}" : null,
        MayBeMissing: true);

    public static readonly SettingsKey GuestCores = new(
        "guestCores",
        "guestCores: 2",
        text => HandOffMode.Cores(text) is null ? $"'{text}' is no number of processors, 1 to {HandOffMode.MostCores}" : null,
        MayBeMissing: true);

    public static readonly SettingsKey UsbAllow = new("usbAllow", "usbAllow: [\"0403:6001\", \"class:08\"]", RefuseUsbRule, MayBeMissing: true);

    public static readonly SettingsKey UsbDeny = new("usbDeny", "usbDeny: [\"046d:*\", \"port:1-1.2\"]", RefuseUsbRule, MayBeMissing: true);

    public static IReadOnlyList<SettingsKey> All { get; } =
    [
        Platform, SshEntrypoints, HostKeys, EnrollmentKey, EnrollmentToken, HttpEntrypoint, BootKey, BootCache, Mode,
        GuestMemory, GuestCores, UsbAllow, UsbDeny,
    ];

    /// <summary>The key somebody most likely meant: at most a third of its letters differ; null when none is near.</summary>
    public static SettingsKey? Nearest(string text)
    {
        var best = All.MinBy(key => Distance(key.Name, text))!;
        return Distance(best.Name, text) <= Math.Max(2, best.Name.Length / 3) ? best : null;
    }

    private static string? RefusePlatform(string text) =>
        text.Length is > 0 and <= MaxPlatform && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.')
            ? null
            : $"must be 1 to {MaxPlatform} of a-z, 0-9, '-' and '.'";

    private static string? RefuseEntrypoint(string text) =>
        SshEntrypoint.TryParse(text, out _) ? null : $"'{text}' is not host or host:port (lower-case name, IPv4, or [IPv6])";

    private static string? RefuseBootKey(string text)
    {
        try
        {
            using var key = RSA.Create();
            key.ImportSubjectPublicKeyInfo(Convert.FromBase64String(text), out _);
            return key.KeySize == BootKeyBits ? null : $"is a key of {key.KeySize} bits; boot files are signed with {BootKeyBits}";
        }
        catch (Exception wrong) when (wrong is FormatException or CryptographicException)
        {
            return "is no RSA public key (DER, base64)";
        }
    }

    private static string? RefuseBootCache(string text)
    {
        const string StaleOk = "stale-ok:";
        var days = text.StartsWith(StaleOk, StringComparison.Ordinal) ? text[StaleOk.Length..] : "";
        return text == "never" || (days.Length is > 0 and <= 5 && days.All(char.IsAsciiDigit) && int.Parse(days, CultureInfo.InvariantCulture) <= MaxCacheDays)
            ? null
            : $"'{text}' is neither never nor stale-ok:DAYS, 0 to {MaxCacheDays}";
    }

    private static string? RefuseUsbRule(string text) => UsbRule.TryParse(text, out _) ? null : $"'{text}' names no USB devices; it is {UsbRule.Form}";

    private static string? RefuseHostKey(string text) => OpenSshKey.RefusePublic(text);

    /// <summary>Letters to insert, drop or change, upper and lower case being equal (Levenshtein).</summary>
    private static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var same = char.ToLowerInvariant(left[i - 1]) == char.ToLowerInvariant(right[j - 1]);
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (same ? 0 : 1)));
            }
        }

        return row[^1];
    }
}

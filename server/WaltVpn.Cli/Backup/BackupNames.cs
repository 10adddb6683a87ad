using WaltVpn.Protocol;

namespace WaltVpn.Cli.Backup;

/// <summary>The closed list of what a backup may hold. A name says which file it is; where that goes, the settings say, never the archive.</summary>
internal static class BackupNames
{
    public const string Manifest = "manifest.json";
    public const string Settings = "settings/server.yaml";
    public const string HubOptions = "settings/hub.env";
    public const string Database = "database";
    public const string EnrollmentKey = "enrollment/key";
    public const string CaKey = "ca/key";
    public const string BootPrivateKey = "boot-key/private.pem";
    public const string BootPublicKey = "boot-key/public.pem";
    public const string BootCaCertificate = "boot-key/ca.der";
    public const string HostKeys = "host-keys/";
    public const string LanHostKeys = "lan-host-keys/";
    public const string Addresses = "addresses/";
    public const string BootImages = "boot-images/";

    /// <summary>What a boot image has behind its SHA-256: the daemon names it so.</summary>
    public const string Image = ".img";

    /// <summary>What the public half of a key has behind its name.</summary>
    public const string Public = ".pub";

    /// <summary>Bytes. Settings, keys, leases: a thousand times what they have.</summary>
    private const long MaxSmall = 1 << 20;

    /// <summary>Bytes. A node is a few KiB of it.</summary>
    private const long MaxDatabase = 1L << 33;

    /// <summary>How large a member of this name may be, bytes; null: nothing of this name is in a backup.</summary>
    public static long? MaxSize(string name)
    {
        if (name is Settings or HubOptions or EnrollmentKey or EnrollmentKey + Public or CaKey or CaKey + Public) return MaxSmall;
        if (name is BootPrivateKey or BootPublicKey or BootCaCertificate) return MaxSmall;
        if (name == Database) return MaxDatabase;
        if (Rest(name, BootImages) is { Length: 64 + 4 } image && image.EndsWith(Image, StringComparison.Ordinal) && image[..64].All(char.IsAsciiHexDigitLower)) return BootFiles.MaxImageSize;
        if (Rest(name, Addresses) is { Length: 17 } mac && mac.Split('-') is { Length: 6 } pairs && pairs.All(IsPair)) return MaxSmall;
        var key = Rest(name, HostKeys) ?? Rest(name, LanHostKeys);
        if (key is not null && IsNumber(key.EndsWith(Public, StringComparison.Ordinal) ? key[..^Public.Length] : key)) return MaxSmall;
        return null;
    }

    /// <summary>Private keys: small, few, and never to lie in clear text anywhere but in their places.</summary>
    public static bool IsKey(string name) => name is EnrollmentKey or CaKey or BootPrivateKey || Rest(name, HostKeys) is not null;

    /// <summary>A lease or a boot image: there may be any number, each comes and goes while a backup is made, and without one nodes come back still.</summary>
    public static bool MayGo(string name) => Rest(name, Addresses) is not null || Rest(name, BootImages) is not null;

    /// <summary>What stands behind a prefix; null when the name does not begin with it.</summary>
    public static string? Rest(string name, string prefix) => name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : null;

    /// <summary>Two digits of a MAC address, which the hub joins by hyphens.</summary>
    private static bool IsPair(string text) => text.Length == 2 && text.All(char.IsAsciiHexDigitLower);

    private static bool IsNumber(string text) => text is { Length: 1 or 2 } && text.All(char.IsAsciiDigit) && (text.Length == 1 || text[0] != '0');
}

namespace WaltVpn.Eeprom;

/// <summary>The names of the files in an image, spelled as the bootloader does.</summary>
public static class EepromFiles
{
    /// <summary>The configuration, <see cref="Eeprom.BootConfig"/>.</summary>
    public const string BootConfig = "bootconf.txt";

    /// <summary>Signature of the configuration, <see cref="BootSignature"/>.</summary>
    public const string BootConfigSignature = "bootconf.sig";

    /// <summary>The key that boot.img must be signed with, <see cref="RsaPublicKey"/>.</summary>
    public const string PublicKey = "pubkey.bin";

    /// <summary>Certificate of the CA that HTTPS boot trusts, DER; BCM2712 only.</summary>
    public const string CaCertificate = "cacert.der";

    /// <summary>When the image was made or configured, twice, once inverted; <see cref="EepromImage.WithTimestamp"/>.</summary>
    public const string UpdateTime = "updatetime";

    /// <summary>The files that an operator may replace.</summary>
    public static IReadOnlyList<string> Replaceable { get; } = [BootConfig, PublicKey, BootConfigSignature, CaCertificate];
}

using System.Security.Cryptography;
using WaltVpn.Agent.Flash;
using WaltVpn.Eeprom;

namespace WaltVpn.Agent.Reconcile;

/// <summary>What a chip holds that Linux cannot read: a bootloader, and in it what the firmware says that the board started with.</summary>
internal static class UnreadableChip
{
    /// <summary>The image to compare and to edit.</summary>
    /// <param name="firmware">A bootloader image for this board; null: none was named.</param>
    /// <param name="live">The configuration the board started with; null: not known.</param>
    /// <param name="bootKey">The <c>pubkey.bin</c> it started with; null: not known.</param>
    /// <exception cref="FlashException">Something is not known: an image without it would be another one at each start.</exception>
    /// <exception cref="EepromException">The firmware is no image, or has no room for them.</exception>
    public static EepromImage Assume(byte[]? firmware, BootConfig? live, byte[]? bootKey)
    {
        const string Chip = "this board's chip cannot be read from Linux";
        if (firmware is null) throw new FlashException($"{Chip}; name a bootloader image for the board to make the new one of: --firmware FILE");
        if (live is null) throw new FlashException($"{Chip}, and what it started with is not known either: nothing can be compared");
        if (bootKey is null)
        {
            throw new FlashException(
                $"{Chip}, and the device tree has no blpubkey that says which boot key is in it; start with boot files of waltvpn-image, which have one");
        }

        var image = EepromImage.Parse(firmware).With(EepromFiles.BootConfig, live.ToBytes());
        return RsaPublicKey.TryFromBinary(bootKey, out var key) ? image.With(EepromFiles.PublicKey, key.ToBinary()) : image;
    }

    /// <summary>The same with the CA's certificate, when the configuration names it by its hash: the two are only written together.</summary>
    public static EepromImage AssumeAuthority(EepromImage image, byte[]? authority)
    {
        if (authority is null) return image;
        var hash = BootConfig.Parse(image.Read(EepromFiles.BootConfig)).Find(Reconciliation.CaHashName);
        return hash == Convert.ToHexStringLower(SHA256.HashData(authority)) ? image.With(EepromFiles.CaCertificate, authority) : image;
    }
}

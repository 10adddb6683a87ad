using System.Buffers.Binary;
using WaltVpn.Eeprom;

namespace WaltVpn.Agent.Flash;

/// <summary>Which bootloader images a board may get. They are checked before anything is erased or staged.</summary>
/// <param name="Family">Of the board's processor.</param>
/// <param name="Locked">
/// The customer's key is fused into the processor: an image that is not signed with it makes the board unusable. We make no such signatures, so nothing is
/// written. A caller who has the operator's word that an image is signed for these fuses clears it.
/// </param>
/// <param name="LeastManufacturingVersion">The board's own minimum, 0 when it names none; <see cref="EepromVersion.ManufacturingVersion"/>.</param>
/// <param name="LeastBuildTime">The platform's minimum; null: none.</param>
/// <remarks>docs/security.md NODE-6.</remarks>
internal sealed record BootloaderRules(EepromFamily Family, bool Locked = false, long LeastManufacturingVersion = 0, DateTimeOffset? LeastBuildTime = null)
{
    // Raspberry Pi's "new-style" revision codes.
    private const uint NewStyle = 1 << 23;
    private const uint CustomerKeyFused = 1 << 3;

    /// <summary>Bytes of the board's image, and of its chip.</summary>
    public int ImageSize => Family == EepromFamily.Bcm2711 ? EepromImage.Bcm2711Size : EepromImage.Bcm2712Size;

    /// <summary>Reads what the device tree says of this board; the firmware adds it, whoever's tree it is.</summary>
    /// <param name="deviceTree">A folder like /proc/device-tree.</param>
    /// <exception cref="FlashException">It is no Raspberry Pi 4 or 5.</exception>
    public static BootloaderRules OfBoard(string deviceTree = "/proc/device-tree")
    {
        var revision = Cell(Path.Combine(deviceTree, "system/linux,revision")) ?? 0;
        var chip = (revision & NewStyle) == 0 ? 0 : revision >> 12 & 0xf;
        EepromFamily? family = chip switch { 3 => EepromFamily.Bcm2711, 4 => EepromFamily.Bcm2712, _ => null };
        var signed = Cell(Path.Combine(deviceTree, "chosen/bootloader/signed")) ?? 0;
        return new BootloaderRules(
            family ?? throw new FlashException(
                $"this board has no bootloader chip we know: its revision code is {revision:x}, a Raspberry Pi 4 or 5 has 3 or 4 in bits 12 to 15. "
                + "Use an SD card."),
            Locked: (signed & CustomerKeyFused) != 0,
            LeastManufacturingVersion: Cell(Path.Combine(deviceTree, "chosen/rpi-min-boot-ver")) ?? 0);
    }

    /// <summary>The image, if this board may get it.</summary>
    /// <exception cref="FlashException">It may not; the message names the rule.</exception>
    public EepromImage Admit(byte[] bytes)
    {
        RefuseLocked();
        EepromImage image;
        try
        {
            image = EepromImage.Parse(bytes);
        }
        catch (EepromException damaged)
        {
            throw new FlashException($"the new bootloader image is refused, nothing was written: {damaged.Message}", damaged);
        }

        if (image.Family != Family)
            throw Refusal($"it is for {Name(image.Family)}, the board is {Name(Family)}. Take an image of the board's family");
        var version = image.FindVersion();
        if (version.ManufacturingVersion < LeastManufacturingVersion)
            throw Refusal($"its MFG_VER is {version.ManufacturingVersion}, this board needs at least {LeastManufacturingVersion}. Take a newer image");
        if (LeastBuildTime is { } least && (version.BuildTime is not { } built || built < least))
        {
            var age = version.BuildTime?.ToString("u") ?? "at an unknown time";
            throw Refusal($"its bootloader was built {age}, the oldest one allowed is of {least:u}. Take a newer image");
        }

        return image;
    }

    /// <exception cref="FlashException">The board is locked.</exception>
    public void RefuseLocked()
    {
        if (Locked)
        {
            throw Refusal("the board is locked to its owner's key (fuses), and an image without that signature would make it unusable. "
                + "Flash it with the owner's tools");
        }
    }

    private static string Name(EepromFamily family) => family == EepromFamily.Bcm2711 ? "a Raspberry Pi 4 (BCM2711)" : "a Raspberry Pi 5 (BCM2712)";

    private static FlashException Refusal(string reason) => new($"the new bootloader image is refused, nothing was written: {reason}.");

    /// <summary>One cell of a device tree, big-endian; null when there is none.</summary>
    private static uint? Cell(string path) =>
        File.Exists(path) && File.ReadAllBytes(path) is { Length: >= sizeof(uint) } bytes ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : null;
}

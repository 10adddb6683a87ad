using WaltVpn.Eeprom;
using WaltVpn.ImageBuilder.Eeprom;

namespace WaltVpn.ImageBuilder.Recovery;

/// <summary>What a folder of Raspberry Pi's rpi-eeprom gives for a recovery card.</summary>
/// <param name="ImagePath">Where the image was.</param>
/// <param name="Image">The newest bootloader of the folder, as the vendor made it.</param>
/// <param name="RecoveryProgram">recovery.bin, which the board's ROM starts from a card.</param>
internal sealed record FirmwareFolder(string ImagePath, EepromImage Image, byte[] RecoveryProgram)
{
    private const string RecoveryName = "recovery.bin";

    // The vendor's have some 100 KB.
    private const int SmallestProgram = 16 * 1024;
    private const int LargestProgram = 512 * 1024;

    /// <summary>Reads recovery.bin and the newest pieeprom-DATE.bin.</summary>
    /// <exception cref="ImageException">One is missing, damaged, or for another family of boards.</exception>
    public static FirmwareFolder Read(string folder, EepromFamily family)
    {
        if (!Directory.Exists(folder)) throw new ImageException($"there is no folder {folder}", Where(family));
        // The vendor's names hold the date, so that the last is the newest.
        var path = Directory.EnumerateFiles(folder, "pieeprom-*.bin").Order(StringComparer.Ordinal).LastOrDefault()
            ?? throw new ImageException($"there is no pieeprom-DATE.bin in {folder}", Where(family));
        var image = EepromInput.ReadImage(path);
        if (image.Family != family) throw new ImageException($"{path} is for {Name(image.Family)}, the card for {Name(family)}", Where(family));
        return new FirmwareFolder(path, image, ReadProgram(Path.Combine(folder, RecoveryName), family));
    }

    /// <summary>It says nothing about itself; that it stands beside the right image, and its size, is all that can be checked.</summary>
    private static byte[] ReadProgram(string path, EepromFamily family)
    {
        using var file = InputFile.Open(path, "the recovery program", Where(family));
        if (file.Length is < SmallestProgram or > LargestProgram)
        {
            throw new ImageException($"{path} has {file.Length} bytes; the recovery program has {SmallestProgram} to {LargestProgram}", Where(family));
        }

        var program = new byte[file.Length];
        file.ReadExactly(program);
        return program;
    }

    private static string Name(EepromFamily family) => family == EepromFamily.Bcm2712 ? "a Raspberry Pi 5" : "a Raspberry Pi 4";

    private static string Where(EepromFamily family) =>
        $"name a folder of Raspberry Pi's repository rpi-eeprom: --firmware rpi-eeprom/firmware-{(family == EepromFamily.Bcm2712 ? "2712" : "2711")}/default";
}

using WaltVpn.Eeprom;

namespace WaltVpn.ImageBuilder.Eeprom;

/// <summary>Reads what the operator named, and puts the file's name before each refusal.</summary>
internal static class EepromInput
{
    /// <summary>More than any file that fits into an image.</summary>
    private const int LargestFile = 64 * 1024;

    /// <summary>Reads a bootloader image.</summary>
    /// <exception cref="ImageException">There is none, or it is damaged.</exception>
    public static EepromImage ReadImage(string path)
    {
        // One byte more than the largest image tells a larger file apart.
        var bytes = Read(path, "a bootloader image", EepromImage.Bcm2712Size + 1, "images are the files pieeprom-DATE.bin of Raspberry Pi's rpi-eeprom");
        return Named(path, () => EepromImage.Parse(bytes));
    }

    /// <summary>Reads a file that is to go into an image.</summary>
    /// <param name="what">What it should be, with its article.</param>
    /// <exception cref="ImageException">There is none, or it is far too large.</exception>
    public static byte[] ReadFile(string path, string what)
    {
        var bytes = Read(path, what, LargestFile + 1);
        return bytes.Length <= LargestFile ? bytes : throw new ImageException($"{path} has more than {LargestFile} bytes; that is not {what}");
    }

    /// <summary>Does something with a file; a refusal gets its name.</summary>
    public static T Named<T>(string path, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (EepromException error)
        {
            throw new ImageException($"{path}: {error.Message}", error);
        }
    }

    private static byte[] Read(string path, string what, int most, params IReadOnlyList<string> whenMissing)
    {
        using var file = InputFile.Open(path, what, whenMissing);
        var bytes = new byte[most];
        var length = file.ReadAtLeast(bytes, most, throwOnEndOfStream: false);
        return length == most ? bytes : bytes[..length];
    }
}

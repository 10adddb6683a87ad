using System.Globalization;

namespace WaltVpn.Agent.Flash;

/// <summary>The flash chip that flashrom recognised.</summary>
/// <param name="Name">Of flashrom's definition.</param>
/// <param name="Size">Bytes.</param>
internal sealed record FlashChip(string Name, int Size)
{
    /// <summary>Finds the one chip in what <c>flashrom -V</c> prints.</summary>
    /// <exception cref="FlashException">None, several, or one it has no definition of.</exception>
    /// <remarks>
    /// A chip without definition is never written: flashrom 1.4 to 1.6 take its erase commands from its own description (SFDP), wrongly, and leave it half
    /// erased. With -V a chip is named twice.
    /// </remarks>
    public static FlashChip Find(FlashromRun probe)
    {
        if (probe.Text.Contains("Unknown flash", StringComparison.Ordinal))
            throw Refusal("flashrom has no definition of this chip, and could leave it half erased. Update it from an SD card (docs/eeprom.md \"Flashing\")");
        var chips = probe.Text.Split('\n').Select(InLine).OfType<FlashChip>().Distinct().ToList();
        return chips switch
        {
            [] => throw Refusal($"flashrom finds no chip: {probe.Reason}. Are the SPI bus and its driver there?"),
            [var chip] when probe.Status.Success => chip,
            [_] => throw Refusal($"flashrom failed: {probe.Reason}"),
            _ => throw Refusal($"flashrom finds several chips, {string.Join(", ", chips.Select(chip => chip.Name))}, and cannot tell which one it is"),
        };
    }

    private static FlashException Refusal(string reason) => new($"the bootloader's flash chip cannot be used, nothing was written: {reason}.");

    /// <summary>The chip in a line like <c>Found Winbond flash chip "W25Q16.V" (2048 kB, SPI) on linux_spi.</c>; null when the line is another.</summary>
    private static FlashChip? InLine(string line)
    {
        const string Before = " flash chip \"";
        const string Between = "\" (";
        const string After = " kB, ";
        if (!line.StartsWith("Found ", StringComparison.Ordinal)) return null;
        if (line.IndexOf(Before, StringComparison.Ordinal) is not (>= 0 and var before)) return null;
        var name = line[(before + Before.Length)..];
        if (name.IndexOf(Between, StringComparison.Ordinal) is not (>= 0 and var end)) return null;
        var size = name[(end + Between.Length)..];
        if (size.IndexOf(After, StringComparison.Ordinal) is not (>= 0 and var digits)) return null;
        return int.TryParse(size.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var kib) && kib <= int.MaxValue / 1024
            ? new FlashChip(name[..end], kib * 1024)
            : null;
    }
}

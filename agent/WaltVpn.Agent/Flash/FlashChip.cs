using System.Globalization;
using System.Text.RegularExpressions;

namespace WaltVpn.Agent.Flash;

/// <summary>The flash chip that flashrom recognised.</summary>
/// <param name="Name">Of flashrom's definition.</param>
/// <param name="Size">Bytes.</param>
internal sealed partial record FlashChip(string Name, int Size)
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
        var chips = Found().Matches(probe.Text)
            .Select(line => new FlashChip(line.Groups["name"].Value, checked(int.Parse(line.Groups["kib"].ValueSpan, CultureInfo.InvariantCulture) * 1024)))
            .Distinct()
            .ToList();
        return chips switch
        {
            [] => throw Refusal($"flashrom finds no chip: {probe.Reason}. Are the SPI bus and its driver there?"),
            [var chip] when probe.Status.Success => chip,
            [_] => throw Refusal($"flashrom failed: {probe.Reason}"),
            _ => throw Refusal($"flashrom finds several chips, {string.Join(", ", chips.Select(chip => chip.Name))}, and cannot tell which one it is"),
        };
    }

    private static FlashException Refusal(string reason) => new($"the bootloader's flash chip cannot be used, nothing was written: {reason}.");

    [GeneratedRegex("""^Found .+ flash chip "(?<name>[^"]+)" \((?<kib>[0-9]{1,6}) kB, """, RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Found();
}

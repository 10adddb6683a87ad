namespace WaltVpn.RaspberryPi.Tests;

/// <summary>
/// config.txt, read by the rules of the boards' firmware: comments only at the start of a line, sections that apply to some models only, later lines
/// win, and <c>initramfs NAME followkernel</c>, which has no equals sign.
/// </summary>
/// <param name="Values">By key; what no section of another model has set.</param>
/// <param name="Initramfs">The file to load behind the kernel; empty for none.</param>
internal sealed record PiConfig(IReadOnlyDictionary<string, string> Values, string Initramfs)
{
    /// <summary>Reads the text as the firmware of one model does.</summary>
    /// <param name="filters">The section names that apply to the model, like <c>pi4</c>, beside <c>all</c>.</param>
    /// <exception cref="FormatException">A line is none of these; the firmware would skip it, and nobody would notice.</exception>
    public static PiConfig Parse(string text, params string[] filters)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var (initramfs, applies) = ("", true);
        foreach (var line in text.Split('\n'))
        {
            if (line.Length == 0 || line[0] == '#') continue;
            if (line.Length > 98) throw new FormatException($"the firmware reads 98 characters of a line, this one has more: {line}");
            if (line is ['[', .. var section, ']'])
            {
                applies = section == "all" || filters.Contains(section);
                continue;
            }

            if (!applies) continue;
            if (line.Split(' ') is ["initramfs", var name, "followkernel"]) initramfs = name;
            else if (line.Split('=', 2) is [{ Length: > 0 } key, var value] && !line.Contains(' ', StringComparison.Ordinal)) values[key] = value;
            else throw new FormatException($"no line of config.txt: {line}");
        }

        return new PiConfig(values, initramfs);
    }
}

namespace WaltVpn.Agent.Board;

/// <summary>What the board says of itself. Claims, shown to the approver.</summary>
/// <param name="Model">Printable ASCII, at most 64 characters.</param>
/// <param name="Serial">Letters, digits and hyphens, at most 64 characters; empty when there is none.</param>
internal sealed record BoardFacts(string Model, string Serial)
{
    private const int MaxLength = 64;

    /// <summary>Reads the device tree (Raspberry Pi), or SMBIOS (virtual board, PC).</summary>
    public static BoardFacts Read() => new(
        CleanModel(FirstOf("/proc/device-tree/model", "/sys/class/dmi/id/product_name")),
        CleanSerial(FirstOf("/proc/device-tree/serial-number", "/sys/class/dmi/id/product_serial")));

    /// <summary>What is not printable ASCII becomes a question mark.</summary>
    internal static string CleanModel(string text)
    {
        var clean = new string([.. text.TrimEnd('\0').Trim().Take(MaxLength).Select(c => c is >= ' ' and <= '~' ? c : '?')]);
        return clean.Length > 0 ? clean : "unknown";
    }

    /// <summary>Only what a serial number may have.</summary>
    internal static string CleanSerial(string text) => new([.. text.Where(c => char.IsAsciiLetterOrDigit(c) || c == '-').Take(MaxLength)]);

    private static string FirstOf(params string[] paths) => paths.FirstOrDefault(File.Exists) is { } path ? File.ReadAllText(path) : "";
}

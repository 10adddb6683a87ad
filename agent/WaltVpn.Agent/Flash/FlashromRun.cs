using WaltVpn.Linux;

namespace WaltVpn.Agent.Flash;

/// <summary>How one run of flashrom ended.</summary>
/// <param name="Status">0: it believes that it did what it was told.</param>
/// <param name="Text">What it printed, both streams.</param>
internal sealed record FlashromRun(ExitStatus Status, string Text)
{
    private const int ReasonLines = 3;
    private static readonly string[] Complaints =
        ["FAILED", "failed", "Failed", "Error", "No EEPROM", "doesn't match", "No usable", "Multiple flash", "ended after"];

    /// <summary>For a message: the status, and the lines that say why.</summary>
    public string Reason
    {
        get
        {
            var lines = Text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            var telling = lines.Where(line => Complaints.Any(word => line.Contains(word, StringComparison.Ordinal))).TakeLast(ReasonLines).ToList();
            var words = string.Join(" / ", telling is [] ? lines.TakeLast(1) : telling).TrimEnd('.');
            return words.Length > 0 ? $"{Status}, \"{words}\"" : Status.ToString();
        }
    }
}

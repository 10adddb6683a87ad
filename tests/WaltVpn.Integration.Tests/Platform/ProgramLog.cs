using System.Text.RegularExpressions;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>The log of one of the platform's programs, from the moment this was made.</summary>
internal sealed class ProgramLog(string path)
{
    private readonly long _start = File.Exists(path) ? new FileInfo(path).Length : 0;

    /// <summary>What was written since.</summary>
    public string Text
    {
        get
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            file.Position = _start;
            return new StreamReader(file).ReadToEnd();
        }
    }

    /// <summary>The same log without what it says already.</summary>
    public ProgramLog FromNow() => new(path);

    /// <summary>Waits for a line.</summary>
    /// <returns>The first match.</returns>
    public async Task<Match> Await(string pattern, TimeSpan? deadline = null)
    {
        Match match = Match.Empty;
        await Eventually.Holds($"{Path.GetFileName(path)} says '{pattern}'", () => (match = Regex.Match(Text, pattern)).Success, deadline);
        return match;
    }
}

using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>A <c>waltvpn monitor</c> and what it shows.</summary>
internal sealed class MonitorScreen : IDisposable
{
    private readonly StringBuilder _shown = new();
    private readonly Process _process = Tool.Start(RunningPlatform.Program("waltvpn"), "monitor", "--socket", RunningPlatform.File("run/api.sock"));
    private readonly Task _reading;

    public MonitorScreen() => _reading = Task.Run(Read);

    /// <summary>Waits until the screen shows something.</summary>
    public async Task<Match> Await(string pattern)
    {
        var match = Match.Empty;
        await Eventually.Holds($"the monitor shows '{pattern}'; it shows: {Shown}", () => (match = Regex.Match(Shown, pattern)).Success);
        return match;
    }

    /// <summary>Types a line.</summary>
    public async Task Type(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    public void Dispose()
    {
        _process.Kill();
        _reading.Wait(Tool.Deadline);
        _process.Dispose();
    }

    private string Shown
    {
        get
        {
            lock (_shown) return _shown.ToString();
        }
    }

    private async Task Read()
    {
        var buffer = new char[1024];
        for (int count; (count = await _process.StandardOutput.ReadAsync(buffer)) > 0;)
        {
            lock (_shown) _shown.Append(buffer, 0, count);
        }
    }
}

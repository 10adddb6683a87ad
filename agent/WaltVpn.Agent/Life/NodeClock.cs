using System.Globalization;
using System.Text;
using WaltVpn.Agent.Startup;
using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Life;

/// <summary>
/// The board's time of day, which on most boards starts in 1970: never before the image was built, nor before the last time that a
/// server told; then what the server tells through the tunnel. Set forward only (docs/security.md NODE-8).
/// </summary>
/// <remarks>
/// No decision of the node about whom to trust asks this clock: host keys are pinned, sshd judges certificates by its own. It is for the operating system to
/// come.
/// </remarks>
/// <param name="time">The clock, as it is read.</param>
/// <param name="set">As it is set; <see cref="SystemClock.Set"/>.</param>
/// <param name="log">Hears when it was set.</param>
internal sealed class NodeClock(TimeProvider time, Action<DateTimeOffset> set, INodeLog log)
{
    private const string FileName = "last-time";

    // A word waits up to a second for its way: what is closer is as good.
    private static readonly TimeSpan s_tolerance = TimeSpan.FromSeconds(5);
    // A card sees one write a week for it.
    private static readonly TimeSpan s_kept = TimeSpan.FromDays(7);
    // Whatever somebody says, it is not later than this.
    private static readonly DateTimeOffset s_latest = new(2100, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private StatePartition? _state;
    private bool _hasKept;

    /// <summary>The operating system runs: its clock is its own.</summary>
    public bool IsTheSystems { get; set; }

    /// <summary>It is not earlier than this.</summary>
    /// <param name="floor">Known to be past.</param>
    /// <param name="because">Where that is known from.</param>
    public void RaiseTo(DateTimeOffset floor, string because)
    {
        if (IsTheSystems || floor > s_latest || time.GetUtcNow() >= floor) return;
        var former = time.GetUtcNow();
        try
        {
            set(floor);
            log.Info(BootStage.Startup, $"the clock said {former:u}; set forward to {floor:u}, {because}");
        }
        catch (ErrnoException failure)
        {
            log.Warning(BootStage.Startup, failure.Message);
        }
    }

    /// <summary>What a server told in an earlier boot is past.</summary>
    public void Recall(StatePartition state)
    {
        _state = state;
        var path = Path.Combine(state.Directory, FileName);
        if (File.Exists(path) && ReadSeconds(path) is { } seconds) RaiseTo(DateTimeOffset.FromUnixTimeSeconds(seconds), "the last time that a server told");
    }

    /// <summary>Takes the time that comes with a word of the server.</summary>
    public void Hear(TunnelControl word)
    {
        if (word.Time is not { } seconds || seconds < 0 || seconds > s_latest.ToUnixTimeSeconds()) return;
        var told = DateTimeOffset.FromUnixTimeSeconds(seconds);
        if (told - time.GetUtcNow() > s_tolerance) RaiseTo(told, "by the server");
        Keep(seconds);
    }

    // A damaged one is none: it can only have been a floor.
    private static long? ReadSeconds(string path)
    {
        try
        {
            var isOne = long.TryParse(File.ReadAllText(path), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds);
            return isOne && seconds <= s_latest.ToUnixTimeSeconds() ? seconds : null;
        }
        catch (Exception damaged) when (damaged is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private void Keep(long seconds)
    {
        if (_hasKept || _state is not { IsKept: true } state) return;
        _hasKept = true;
        // Away from the thread that hears: a card takes its time.
        _ = Task.Run(() =>
        {
            try
            {
                var path = Path.Combine(state.Directory, FileName);
                if (File.Exists(path) && ReadSeconds(path) is { } before && Math.Abs(seconds - before) < s_kept.TotalSeconds) return;
                state.Write(() => StateFile.Write(state, FileName, Encoding.ASCII.GetBytes(seconds.ToString(CultureInfo.InvariantCulture))));
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                log.Warning(BootStage.Settings, $"the time could not be kept on the card: {failure.Message}");
            }
        });
    }
}

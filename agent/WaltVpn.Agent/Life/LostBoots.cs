using System.Text.Json;
using WaltVpn.Agent.Startup;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Life;

/// <summary>The last boots that never reached the server, on the state partition, until it has them.</summary>
/// <remarks>
/// A boot is written when it has failed for ten minutes, then at twice that time each, and when it ends by itself: a card sees a dozen writes of a day
/// without a server, and none of a day with one.
/// </remarks>
internal sealed class LostBoots(StatePartition state, INodeLog log)
{
    /// <summary>Boots kept.</summary>
    public const int Most = 3;

    /// <summary>Bytes of one, as JSON.</summary>
    public const int LongestBoot = 64 * 1024;

    private static readonly TimeSpan s_first = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(1);

    private bool _hasPlace;

    /// <summary>Those of before, the oldest first. What is damaged is none.</summary>
    public IReadOnlyList<NodeReport> Read() =>
        state.IsKept ? [.. Enumerable.Range(1, Most).Reverse().Select(ReadOne).OfType<NodeReport>()] : [];

    /// <summary>The server has them, or will never have them.</summary>
    public void Clear()
    {
        var there = Enumerable.Range(1, Most).Select(PathOf).Where(File.Exists).ToList();
        if (there.Count > 0) Try(() => there.ForEach(File.Delete));
        _hasPlace = false;
    }

    /// <summary>Writes this boot, again and again, until it has reached the server.</summary>
    /// <param name="boot">What is known of it now.</param>
    /// <param name="reached">It has come to the server.</param>
    /// <param name="time">The clock.</param>
    /// <param name="stopping">The machine goes down.</param>
    public async Task Watch(Func<NodeReport> boot, Task reached, TimeProvider time, CancellationToken stopping)
    {
        for (var wait = s_first; await Task.WhenAny(reached, Task.Delay(wait, time, stopping)) != reached && !stopping.IsCancellationRequested;)
        {
            Write(boot());
            wait = wait * 2 < s_longest ? wait * 2 : s_longest;
        }
    }

    /// <summary>Writes this boot now: it ends, or has not come to the server for long.</summary>
    public void Write(NodeReport boot)
    {
        if (!state.IsKept) return;
        // A second time in one boot it takes its own place.
        Try(() =>
        {
            if (!_hasPlace)
            {
                for (var age = Most - 1; age >= 1; age--)
                {
                    if (File.Exists(PathOf(age))) File.Move(PathOf(age), PathOf(age + 1), overwrite: true);
                }
            }

            StateFile.Write(state, NameOf(1), SealedFile.Seal(Fit(boot)));
            _hasPlace = true;
        });
    }

    // The first lines and the last ones: from the middle out, until it fits.
    private static byte[] Fit(NodeReport boot)
    {
        var lines = boot.Lines.ToList();
        while (true)
        {
            var json = JsonSerializer.SerializeToUtf8Bytes(boot with { Lines = lines }, ProtocolJson.Default.NodeReport);
            if (json.Length <= LongestBoot || lines.Count == 0) return json;
            var less = Math.Max(1, lines.Count / 8);
            lines.RemoveRange((lines.Count - less) / 2, less);
        }
    }

    private static string NameOf(int age) => $"lost-boot-{age}";

    private string PathOf(int age) => Path.Combine(state.Directory, NameOf(age));

    private NodeReport? ReadOne(int age)
    {
        try
        {
            return File.Exists(PathOf(age))
                ? JsonSerializer.Deserialize(SealedFile.Open(File.ReadAllBytes(PathOf(age))), ProtocolJson.Default.NodeReport)
                : null;
        }
        catch (Exception damaged) when (damaged is IOException or UnauthorizedAccessException or FormatException or JsonException)
        {
            log.Warning(BootStage.Startup, $"what was kept of an earlier boot ({NameOf(age)}) cannot be read: {damaged.Message}");
            return null;
        }
    }

    private void Try(Action change)
    {
        try
        {
            state.Write(change);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log.Warning(BootStage.Startup, $"this boot's log could not be kept on the card: {failure.Message}");
        }
    }
}

using System.Globalization;

namespace WaltVpn.Agent.Life;

/// <summary>
/// The board's status LED, for installers without a screen: stages and errors of the boot, until the operating system starts. A board without one, and
/// one that cannot be written, costs nothing but the light.
/// </summary>
/// <remarks>
/// Documentation/leds/leds-class.rst and Documentation/ABI/testing/sysfs-class-led-trigger-pattern: with the trigger <c>pattern</c> the kernel does the
/// blinking; without it a task here does.
/// </remarks>
internal sealed class StatusLed : IDisposable
{
    /// <summary>Where the kernel has its LEDs.</summary>
    public const string LedClass = "/sys/class/leds";

    // Of Raspberry Pis; led0 is what older kernels call ACT. Then what a device tree calls the status LED of any board.
    private static readonly string[] s_names = ["ACT", "led0"];
    private const string StatusFunction = ":status";

    private readonly BootTimeline _timeline;
    private readonly TimeProvider _time;
    private readonly INodeLog _log;
    private readonly string? _folder;
    private readonly Lock _gate = new();
    private string _formerTrigger = "none";
    private CancellationTokenSource? _blinking;
    private CancellationTokenSource? _showing;
    private int[] _shown = [];
    private bool _isOurs;
    private bool _isBroken;

    /// <param name="ledClass">The folder of LEDs.</param>
    /// <param name="timeline">What is shown.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Hears of an LED that cannot be written, once.</param>
    public StatusLed(string ledClass, BootTimeline timeline, TimeProvider time, INodeLog log)
    {
        (_timeline, _time, _log) = (timeline, time, log);
        _folder = Find(ledClass);
    }

    /// <summary>The board has one.</summary>
    public bool IsThere => _folder is not null;

    /// <summary>Shows the boot from now on.</summary>
    public void Begin()
    {
        _timeline.Changed += Follow;
        lock (_gate) Take();
        Follow();
    }

    /// <summary>The operating system's from now on, as it was before; <see cref="Blink"/> still works.</summary>
    public void GiveBack()
    {
        _timeline.Changed -= Follow;
        lock (_gate) Return();
    }

    /// <summary>Flashes fast for so long, then shows again what it did before. Returns at once.</summary>
    public void Blink(TimeSpan howLong)
    {
        CancellationTokenSource mine;
        bool wasOurs;
        lock (_gate)
        {
            if (_blinking is { } before) before.Cancel();
            _blinking = mine = new CancellationTokenSource();
            wasOurs = _isOurs;
            if (!wasOurs) Take();
            Show(LedPattern.Blink);
        }

        _ = EndBlinking(mine, wasOurs, howLong);
    }

    /// <inheritdoc/>
    public void Dispose() => GiveBack();

    private async Task EndBlinking(CancellationTokenSource mine, bool wasOurs, TimeSpan howLong)
    {
        await Task.WhenAny(Task.Delay(howLong, _time, mine.Token));
        lock (_gate)
        {
            // Another order came meanwhile, and lasts longer.
            if (_blinking != mine) return;
            _blinking = null;
            if (wasOurs && _isOurs) Show(LedPattern.Of(_timeline.Stages));
            else Return();
        }
    }

    private static string? Find(string ledClass)
    {
        if (!Directory.Exists(ledClass)) return null;
        var all = Directory.GetFileSystemEntries(ledClass).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal).ToList();
        var name = s_names.FirstOrDefault(all.Contains) ?? all.FirstOrDefault(other => other.EndsWith(StatusFunction, StringComparison.Ordinal));
        return name is null ? null : Path.Combine(ledClass, name);
    }

    private void Follow()
    {
        lock (_gate)
        {
            if (_isOurs && _blinking is null) Show(LedPattern.Of(_timeline.Stages));
        }
    }

    private void Take()
    {
        _isOurs = true;
        // "none [mmc0] timer": the one in use is in brackets.
        if (Read("trigger") is { } triggers
            && triggers.IndexOf('[', StringComparison.Ordinal) is >= 0 and var start && triggers.IndexOf(']', start) is > 0 and var end)
            _formerTrigger = triggers[(start + 1)..end];
    }

    private void Return()
    {
        if (!_isOurs) return;
        _isOurs = false;
        EndShow();
        _shown = [];
        // The kernel switches the light off when a trigger ends.
        Write("trigger", _formerTrigger);
    }

    private void Show(int[] pattern)
    {
        if (pattern.SequenceEqual(_shown)) return;
        _shown = pattern;
        EndShow();
        if (_folder is null || _isBroken) return;
        if (Read("trigger")?.Split(' ', '\n', '[', ']').Contains("pattern") == true)
        {
            Write("trigger", "pattern");
            Write("pattern", KernelPattern(pattern));
            return;
        }

        Write("trigger", "none");
        _showing = new CancellationTokenSource();
        _ = ShowBySelf(pattern, _showing.Token);
    }

    private void EndShow()
    {
        _showing?.Cancel();
        _showing = null;
    }

    private async Task ShowBySelf(int[] pattern, CancellationToken end)
    {
        while (true)
        {
            for (var i = 0; i < pattern.Length; i++)
            {
                lock (_gate)
                {
                    if (end.IsCancellationRequested) return;
                    Write("brightness", i % 2 == 0 ? Brightest : "0");
                }

                await Task.WhenAny(Task.Delay(TimeSpan.FromMilliseconds(pattern[i]), _time, end));
            }
        }
    }

    private string Brightest => Read("max_brightness")?.Trim() ?? "1";

    // Brightness and milliseconds; each twice, the second time for no time: else the kernel fades from one to the next.
    private string KernelPattern(int[] pattern)
    {
        var brightest = Brightest;
        return string.Join(' ', pattern.Select((time, i) => Step(i % 2 == 0 ? brightest : "0", time)));

        static string Step(string brightness, int time) => string.Create(CultureInfo.InvariantCulture, $"{brightness} {time} {brightness} 0");
    }

    private string? Read(string file)
    {
        try
        {
            return _folder is null ? null : File.ReadAllText(Path.Combine(_folder, file));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private void Write(string file, string text)
    {
        if (_folder is null || _isBroken) return;
        try
        {
            using var stream = new FileStream(Path.Combine(_folder, file), FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            stream.Write(System.Text.Encoding.ASCII.GetBytes(text + "\n"));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // In the log without a lock of ours held by its listeners: it only adds a line.
            _isBroken = true;
            _log.Info(BootStage.Startup, $"the status LED cannot be written: {failure.Message}");
        }
    }
}

using Shouldly;
using WaltVpn.Agent.Life;
using WaltVpn.Agent.Tests.Reconcile;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Life;

/// <summary>The status LED, in a folder laid out like /sys/class/leds.</summary>
public sealed class StatusLedTests : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);
    private readonly WorkFolder _leds = new();
    private readonly RecordingLog _log = new();
    private readonly BootTimeline _timeline = new(TimeProvider.System);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _leds.Dispose();

    [Fact]
    public void KernelBlinksEachStageAndErrorAndGetsItsTriggerBack()
    {
        Make("ACT", "none [mmc0] timer pattern");
        Make("PWR", "none [default-on] timer pattern");
        using var led = new StatusLed(_leds.Path, _timeline, TimeProvider.System, _log);
        led.IsThere.ShouldBeTrue();
        led.Begin();
        Trigger("ACT").ShouldBe("pattern");
        Pattern.ShouldBe("255 200 255 0 0 1200 0 0");
        _leds.Write("ACT/trigger", "none mmc0 timer [pattern]"u8);
        _timeline.Enter(BootStage.Network);
        Pattern.ShouldBe("255 200 255 0 0 200 0 0 255 200 255 0 0 1200 0 0");
        _leds.Write("ACT/trigger", "none mmc0 timer [pattern]"u8);
        _timeline.Retried(BootStage.Network, "no carrier");
        Pattern.ShouldBe("255 1000 255 0 0 400 0 0 255 200 255 0 0 200 0 0 255 200 255 0 0 1200 0 0");
        led.GiveBack();
        Trigger("ACT").ShouldBe("mmc0");
        Trigger("PWR").ShouldBe("none [default-on] timer pattern");
    }

    [Fact]
    public async Task WhoIsAskedToBlinkBlinksAndThenShowsWhatItDid()
    {
        Make("green:status", "none timer pattern");
        using var led = new StatusLed(_leds.Path, _timeline, TimeProvider.System, _log);
        led.Begin();
        _leds.Write("green:status/trigger", "none timer [pattern]"u8);
        led.Blink(TimeSpan.FromHours(1));
        File.ReadAllText(_leds.At("green:status/pattern")).ShouldStartWith("255 60 255 0 0 60 0 0");
        // The stage goes on beneath; a second order takes the place of the first.
        _timeline.Enter(BootStage.Network);
        File.ReadAllText(_leds.At("green:status/pattern")).ShouldStartWith("255 60");
        led.Blink(TimeSpan.FromMilliseconds(1));
        await Until(() => File.ReadAllText(_leds.At("green:status/pattern")).StartsWith("255 200 255 0 0 200", StringComparison.Ordinal));
    }

    [Fact]
    public async Task WithoutTheKernelsPatternsItBlinksByItself()
    {
        Make("led0", "none [mmc0]");
        File.Delete(_leds.At("led0/brightness"));
        await Shell("mkfifo", _leds.At("led0/brightness"));
        // Somebody reads, so that writes go through: what the light does, in order.
        await using var light = new FileStream(_leds.At("led0/brightness"), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        using var led = new StatusLed(_leds.Path, _timeline, TimeProvider.System, _log);
        led.Begin();
        var seen = "";
        var buffer = new byte[64];
        while (seen.Length < "255\n0\n255\n0\n".Length)
            seen += System.Text.Encoding.ASCII.GetString(buffer, 0, await light.ReadAsync(buffer, Cancellation).AsTask().WaitAsync(s_deadline, Cancellation));
        seen.ShouldStartWith("255\n0\n255\n0\n");
        Trigger("led0").ShouldBe("none");
        led.GiveBack();
        Trigger("led0").ShouldBe("mmc0");
    }

    [Fact]
    public void BoardWithoutALedAndOneWhoseLedCannotBeWrittenCostNothing()
    {
        using (var none = new StatusLed(_leds.At("nothing"), _timeline, TimeProvider.System, _log))
        {
            none.Begin();
            none.Blink(TimeSpan.FromMilliseconds(1));
            none.IsThere.ShouldBeFalse();
        }

        Directory.CreateDirectory(_leds.At("ACT"));
        using var broken = new StatusLed(_leds.Path, _timeline, TimeProvider.System, _log);
        broken.Begin();
        _timeline.Enter(BootStage.Network);
        _log.Lines.Count(line => line.Contains("the status LED cannot be written")).ShouldBe(1);
    }

    [Fact]
    public void EachStageHasAPatternOfItsOwnAndSoHasItsFailure()
    {
        List<string> patterns = [Text(LedPattern.Blink), Text(LedPattern.Failed)];
        foreach (var stage in (BootStage[])[BootStage.Startup, BootStage.Network, BootStage.Enrollment, BootStage.BootFiles, BootStage.Tunnel, BootStage.Online, BootStage.HandOff])
        {
            var timeline = new BootTimeline(TimeProvider.System);
            if (stage != BootStage.Startup) timeline.Enter(stage);
            patterns.Add(Text(LedPattern.Of(timeline.Stages)));
            timeline.Retried(stage, "x");
            if (stage != BootStage.Online) patterns.Add(Text(LedPattern.Of(timeline.Stages)));
        }

        patterns.ShouldBeUnique();

        static string Text(int[] pattern) => string.Join(' ', pattern);
    }

    private string Pattern => File.ReadAllText(_leds.At("ACT/pattern")).Trim();

    private static async Task Until(Func<bool> holds)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        deadline.CancelAfter(s_deadline);
        while (!holds()) await Task.Delay(TimeSpan.FromMilliseconds(20), deadline.Token);
    }

    private static async Task Shell(string program, string argument)
    {
        using var process = System.Diagnostics.Process.Start(program, [argument]);
        await process.WaitForExitAsync(Cancellation);
        process.ExitCode.ShouldBe(0);
    }

    private string Trigger(string name) => File.ReadAllText(_leds.At($"{name}/trigger")).Split('\n')[0];

    private void Make(string name, string triggers)
    {
        _leds.Write($"{name}/trigger", System.Text.Encoding.ASCII.GetBytes(triggers));
        _leds.Write($"{name}/max_brightness", "255\n"u8);
        _leds.Write($"{name}/brightness", "0\n"u8);
        _leds.Write($"{name}/pattern", ""u8);
    }
}

using System.Diagnostics;
using Shouldly;
using WaltVpn.Agent.Flash;
using WaltVpn.Agent.Tests.Unit.Flash;
using WaltVpn.Eeprom;
using Xunit;

namespace WaltVpn.Agent.Tests.Namespaces;

/// <summary>
/// <code>
/// FlashromStore ── process: flashrom-model ── chip.bin, written operation by operation
///                  killed, or held, in the middle of a write
/// </code>
/// The real flashrom's emulated chip cannot be left half written: it is stored when flashrom ends.
/// </summary>
public sealed class FlashromProcessTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("waltvpn-model-").FullName;
    private readonly RecordingLog _log = new();
    private readonly byte[] _before = BoardImages.Pi4("old.example.org", BoardImages.Earlier);
    private readonly byte[] _image = BoardImages.Pi4("new.example.org", BoardImages.Later);

    public FlashromProcessTests()
    {
        File.WriteAllBytes(Chip, _before);
        Script.Write(Program, $"#!/bin/sh\nexec {Environment.ProcessPath} {FlashromScenario.Name} {_folder} \"$@\"");
        foreach (var fifo in (string[])["reached", "go"])
        {
            using var process = Process.Start("mkfifo", Path.Combine(_folder, fifo));
            process.WaitForExit();
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("0 None")]
    [InlineData("0 Done")]
    [InlineData("0 Garbage")]
    [InlineData("7 Half")]
    [InlineData("16 Garbage")]
    [InlineData("17 Half")]
    public async Task AKilledWriterLeavesTheChipHalfWrittenAndTheNextAttemptMakesItWhole(string fault)
    {
        File.WriteAllText(Fault, $"{fault} kill");
        (await Store(TimeProvider.System).Write(_image, Stop)).ShouldBe(FlashOutcome.Written);
        File.Exists(Fault).ShouldBeFalse();
        File.ReadAllBytes(Chip).ShouldBe(_image);
        _log.Lines.ShouldContain(line => line.StartsWith("warning ") && line.Contains("attempt 1 of 5: flashrom ended with signal 9"));
    }

    [Fact]
    public async Task AStopDoesNotKillAWriter()
    {
        File.WriteAllText(Fault, "7 Half hang");
        using var stopping = new CancellationTokenSource();
        var writing = Store(TimeProvider.System).Write(_image, stopping.Token);
        await Reached();
        await stopping.CancelAsync();
        File.ReadAllBytes(Chip).ShouldNotBe(_before);
        await Task.Run(() => FlashromScenario.Meet(Path.Combine(_folder, "go"), FileAccess.Write), Stop).WaitAsync(Deadline, Stop);
        (await writing.WaitAsync(Deadline, Stop)).ShouldBe(FlashOutcome.Written);
        File.ReadAllBytes(Chip).ShouldBe(_image);
        // In one attempt: it was the same process.
        _log.Lines.ShouldAllBe(line => line.StartsWith("info "));
    }

    [Fact]
    public async Task AWriterThatHangsIsKilledAtItsDeadlineAndStartedAgain()
    {
        File.WriteAllText(Fault, "7 Half hang");
        var time = new HandTime();
        var writing = Store(time).Write(_image, Stop);
        await Reached();
        time.FireLast();
        (await writing.WaitAsync(Deadline, Stop)).ShouldBe(FlashOutcome.Written);
        File.ReadAllBytes(Chip).ShouldBe(_image);
        _log.Lines.ShouldContain(line => line.StartsWith("warning ") && line.Contains("flashrom was ended after 20 min"));
    }

    [Fact]
    public async Task AStopKillsAReader()
    {
        var program = Path.Combine(_folder, "hanging");
        Script.Write(program, $"#!/bin/sh\necho $$ >{_folder}/reached\nexec cat {_folder}/go");
        using var stopping = new CancellationTokenSource();
        var running = new FlashromProcess(program, TimeProvider.System).Run([], TimeSpan.FromHours(1), stopping.Token);
        var pid = (await File.ReadAllTextAsync(Path.Combine(_folder, "reached"), Stop).WaitAsync(Deadline, Stop)).Trim();
        await stopping.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => running.WaitAsync(Deadline, Stop));
        Directory.Exists($"/proc/{pid}").ShouldBeFalse();
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Chip => Path.Combine(_folder, "chip.bin");

    private string Fault => Path.Combine(_folder, "fault");

    private string Program => Path.Combine(_folder, "flashrom");

    private Task Reached() => Task.Run(() => FlashromScenario.Meet(Path.Combine(_folder, "reached"), FileAccess.Read), Stop).WaitAsync(Deadline, Stop);

    private FlashromStore Store(TimeProvider processTime) => new(
        new FlashromCommands(new FlashromProcess(Program, processTime), new FlashProgrammer("fast", "slow"), Path.Combine(_folder, "work")),
        new BootloaderRules(EepromFamily.Bcm2711), _log, new ImpatientTime());

    /// <summary>A clock whose timers fire when the test says so.</summary>
    private sealed class HandTime : TimeProvider
    {
        private readonly Lock _lock = new();
        private Action? _last;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            lock (_lock) _last = () => callback(state);
            return System.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public void FireLast()
        {
            Action? last;
            lock (_lock) last = _last;
            last.ShouldNotBeNull()();
        }
    }
}

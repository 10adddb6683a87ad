using System.Diagnostics;
using System.Text.RegularExpressions;
using Shouldly;
using WaltVpn.Agent.Flash;
using WaltVpn.Agent.Tests.Unit.Flash;
using WaltVpn.Eeprom;
using Xunit;

namespace WaltVpn.Agent.Tests.Namespaces;

/// <summary>
/// <code>
/// FlashromStore ── /usr/sbin/flashrom ── its emulated programmer ── chip.bin
/// </code>
/// A Raspberry Pi 5's size as an "opaque" chip, which is one block; a Raspberry Pi 4's as an SST25VF040 with its SPI commands, some of which can be taken away.
/// </summary>
public sealed partial class FlashromTests : IDisposable
{
    private const string Pi4Chip = "SST25VF040";

    private readonly string _folder = Directory.CreateTempSubdirectory("waltvpn-flashrom-").FullName;
    private readonly RecordingLog _log = new();
    private readonly byte[] _pi4Before = BoardImages.Pi4("old.example.org", BoardImages.Earlier);
    private readonly byte[] _pi4Image = BoardImages.Pi4("new.example.org", BoardImages.Later);

    public FlashromTests() => Assert.SkipUnless(
        File.Exists(FlashromProcess.Program) || Environment.GetEnvironmentVariable("WALTVPN_REQUIRE_ALL") == "1", $"{FlashromProcess.Program} is missing");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task ARaspberryPi5sImageIsWrittenAndReadBack()
    {
        var (before, image) = (BoardImages.Pi5("old.example.org", BoardImages.Earlier), BoardImages.Pi5("new.example.org", BoardImages.Later));
        await File.WriteAllBytesAsync(Chip, before, Stop);
        var store = Store(EepromFamily.Bcm2712, Always($"dummy:emulate=VARIABLE_SIZE,size=2097152,image={Chip}"));
        (await store.Read(Stop)).ShouldBe(before);
        (await store.Write(image, Stop)).ShouldBe(FlashOutcome.Written);
        (await File.ReadAllBytesAsync(Chip, Stop)).ShouldBe(image);
        var written = File.GetLastWriteTimeUtc(Chip);
        (await store.Write(image, Stop)).ShouldBe(FlashOutcome.Written);
        File.GetLastWriteTimeUtc(Chip).ShouldBe(written);
        _log.Lines.ShouldAllBe(line => line.StartsWith("info "));
    }

    [Fact]
    public async Task OfARaspberryPi4OnlyTheSectorsThatDifferAreErased()
    {
        await File.WriteAllBytesAsync(Chip, _pi4Before, Stop);
        var flashrom = new VerboseFlashrom();
        (await Store(EepromFamily.Bcm2711, Always(Pi4()), flashrom).Write(_pi4Image, Stop)).ShouldBe(FlashOutcome.Written);
        (await File.ReadAllBytesAsync(Chip, Stop)).ShouldBe(_pi4Image);
        var differing = Enumerable.Range(0, 128).Where(sector => !Sector(_pi4Before, sector).SequenceEqual(Sector(_pi4Image, sector))).ToList();
        differing.Count.ShouldBeInRange(1, 3);
        var blocks = Block().Matches(flashrom.WriteText);
        blocks.Count.ShouldBe(128);
        blocks.Where(block => block.Groups["done"].Value != "S").Select(block => Convert.ToInt32(block.Groups["start"].Value, 16) / 4096).ShouldBe(differing);
    }

    [Theory]
    [InlineData("dummy:emulate=MX25L6436,spi_ignorelist=9f90ab15", null, "no definition of this chip")]
    [InlineData("dummy:emulate=MX25L6436", null, "several chips, MX25L6405")]
    [InlineData("dummy:emulate=SST25VF040.REMS", null, "several chips, SST25LF040A, SST25VF040")]
    [InlineData("dummy:emulate=SST25VF040.REMS,spi_ignorelist=90ab", Pi4Chip, "No EEPROM/flash device found")]
    [InlineData("dummy:emulate=M25P10.RES", null, "131072 bytes, this board's bootloader 524288")]
    [InlineData("linux_spi:dev=/dev/spidev10.0,spispeed=16000", null, "/dev/spidev10.0")]
    [InlineData("no_such_programmer", null, "no_such_programmer")]
    public async Task AnyOtherChipIsRefused(string programmer, string? chip, string reason)
    {
        var store = Store(EepromFamily.Bcm2711, new FlashProgrammer(programmer, programmer, null, chip));
        var failure = await Should.ThrowAsync<FlashException>(() => store.Write(_pi4Image, Stop));
        failure.Message.ShouldContain(reason);
        failure.Message.ShouldContain("nothing was written");
        failure.Chip.ShouldBe(ChipContent.AsBefore);
    }

    [Fact]
    public async Task AnImageWithoutFlashromSaysSo()
    {
        var store = Store(EepromFamily.Bcm2711, Always(Pi4()), new FlashromProcess("/usr/sbin/flashrom-that-is-not-there", TimeProvider.System));
        (await Should.ThrowAsync<FlashException>(() => store.Read(Stop))).Message.ShouldContain("flashrom-that-is-not-there");
    }

    [Fact]
    public async Task AWriteProtectedChipIsAsBefore()
    {
        await File.WriteAllBytesAsync(Chip, _pi4Before, Stop);
        // 06 is "write enable".
        var failure = await Should.ThrowAsync<FlashException>(() => Store(EepromFamily.Bcm2711, Always(Pi4(",spi_blacklist=06"))).Write(_pi4Image, Stop));
        failure.Chip.ShouldBe(ChipContent.AsBefore);
        failure.Message.ShouldContain("5 attempts");
        failure.Message.ShouldContain("write-protected");
        (await File.ReadAllBytesAsync(Chip, Stop)).ShouldBe(_pi4Before);
    }

    [Theory]
    [InlineData(",spi_ignorelist=02")]
    [InlineData(",spi_blacklist=02")]
    public async Task AChipThatErasesAndDoesNotProgramHoldsNeitherImageUntilALaterCallWritesIt(string fault)
    {
        await File.WriteAllBytesAsync(Chip, _pi4Before, Stop);
        var failure = await Should.ThrowAsync<FlashException>(() => Store(EepromFamily.Bcm2711, Always(Pi4(fault))).Write(_pi4Image, Stop));
        failure.Chip.ShouldBe(ChipContent.Neither);
        (await Store(EepromFamily.Bcm2711, Always(Pi4())).Write(_pi4Image, Stop)).ShouldBe(FlashOutcome.Written);
        (await File.ReadAllBytesAsync(Chip, Stop)).ShouldBe(_pi4Image);
    }

    [Fact]
    public async Task WhatDoesNotWorkFastWorksSlowly()
    {
        await File.WriteAllBytesAsync(Chip, _pi4Before, Stop);
        var programmer = new FlashProgrammer(Pi4(",spi_ignorelist=02"), Pi4(), null, Pi4Chip);
        (await Store(EepromFamily.Bcm2711, programmer).Write(_pi4Image, Stop)).ShouldBe(FlashOutcome.Written);
        (await File.ReadAllBytesAsync(Chip, Stop)).ShouldBe(_pi4Image);
        _log.Lines.Count(line => line.StartsWith("warning ")).ShouldBe(1);
    }

    [Fact]
    public async Task AChipThatStoresNothingAndReportsSuccessIsFoundOut()
    {
        var before = BoardImages.Pi5("old.example.org", BoardImages.Earlier);
        await File.WriteAllBytesAsync(Chip, before, Stop);
        Run("mount", "--bind", Chip, Chip);
        Run("mount", "-o", "remount,bind,ro", Chip);
        try
        {
            var flashrom = new VerboseFlashrom();
            var store = Store(EepromFamily.Bcm2712, Always($"dummy:emulate=VARIABLE_SIZE,size=2097152,image={Chip}"), flashrom);
            var failure = await Should.ThrowAsync<FlashException>(() => store.Write(BoardImages.Pi5("new.example.org", BoardImages.Later), Stop));
            flashrom.WriteText.ShouldContain("VERIFIED");
            failure.Chip.ShouldBe(ChipContent.AsBefore);
            failure.Message.ShouldContain("exit status 0");
            failure.Message.ShouldContain("the chip is as it was");
        }
        finally
        {
            Run("umount", Chip);
        }

        (await File.ReadAllBytesAsync(Chip, Stop)).ShouldBe(before);
    }

    [Fact]
    public async Task AWriterThatIsKilledIsStartedAgain()
    {
        await File.WriteAllBytesAsync(Chip, _pi4Before, Stop);
        // Kills the first flashrom that writes, when it has read the old content and begins.
        var program = Path.Combine(_folder, "flashrom");
        Script.Write(program, $"""
            #!/bin/sh
            case "$*" in *" -w "*) ;; *) exec {FlashromProcess.Program} "$@" ;; esac
            mkdir {_folder}/killed 2>/dev/null || exec {FlashromProcess.Program} "$@"
            mkfifo {_folder}/text
            {FlashromProcess.Program} "$@" >{_folder}/text 2>&1 &
            pid=$!
            grep -q 'Reading old flash chip contents' {_folder}/text
            kill -9 $pid
            wait $pid
            exit 137
            """);
        var store = Store(EepromFamily.Bcm2711, Always(Pi4()), new FlashromProcess(program, TimeProvider.System));
        (await store.Write(_pi4Image, Stop)).ShouldBe(FlashOutcome.Written);
        (await File.ReadAllBytesAsync(Chip, Stop)).ShouldBe(_pi4Image);
        _log.Lines.ShouldContain(line => line.StartsWith("warning ") && line.Contains("attempt 1 of 5: flashrom ended with exit status 137"));
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Chip => Path.Combine(_folder, "chip.bin");

    private string Pi4(string fault = "") => $"dummy:emulate=SST25VF040.REMS,image={Chip}{fault}";

    private static FlashProgrammer Always(string programmer) =>
        new(programmer, programmer, null, programmer.Contains("SST25", StringComparison.Ordinal) ? Pi4Chip : null);

    private FlashromStore Store(EepromFamily family, FlashProgrammer programmer, IFlashrom? flashrom = null) => new(
        new FlashromCommands(flashrom ?? new FlashromProcess(FlashromProcess.Program, TimeProvider.System), programmer, Path.Combine(_folder, "work")),
        new BootloaderRules(family), _log, new ImpatientTime());

    private static ReadOnlySpan<byte> Sector(byte[] image, int number) => image.AsSpan(number * 4096, 4096);

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        process.ExitCode.ShouldBe(0, program);
    }

    // "0x000000-0x000fff:S": skipped; E erased, W written.
    [GeneratedRegex("0x(?<start>[0-9a-f]{6})-0x[0-9a-f]{6}:(?<done>[A-Z]+)")]
    private static partial Regex Block();

    /// <summary>flashrom with one option more, so that it says what it does with each block.</summary>
    private sealed class VerboseFlashrom : IFlashrom
    {
        private readonly FlashromProcess _flashrom = new(FlashromProcess.Program, TimeProvider.System);

        public string WriteText { get; private set; } = "";

        public async Task<FlashromRun> Run(IReadOnlyList<string> arguments, TimeSpan deadline, CancellationToken stopping)
        {
            if (!arguments.Contains("-w")) return await _flashrom.Run(arguments, deadline, stopping);
            var run = await _flashrom.Run([.. arguments, "-V"], deadline, stopping);
            WriteText = run.Text;
            return run;
        }
    }
}

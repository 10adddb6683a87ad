using Shouldly;
using WaltVpn.Agent.Flash;
using WaltVpn.Eeprom;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Flash;

public sealed class FlashromStoreTests : IDisposable
{
    private readonly Bench _bench = new();
    private readonly byte[] _before = BoardImages.Pi4("old.example.org", BoardImages.Earlier);
    private readonly byte[] _image = BoardImages.Pi4("new.example.org", BoardImages.Later);
    private readonly NorFlash _chip;

    public FlashromStoreTests() => _chip = new NorFlash(_before.ToArray());

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task AnImageIsWrittenReadBackAndWrittenOnlyOnce()
    {
        var flashrom = new FlashromModel(_chip);
        var store = Start(flashrom);
        (await store.Read(Stop)).ShouldBe(_before);
        (await store.Write(_image, Stop)).ShouldBe(FlashOutcome.Written);
        _chip.Content.ShouldBe(_image);
        var operations = _chip.Operations;
        (await store.Write(_image, Stop)).ShouldBe(FlashOutcome.Written);
        _chip.Operations.ShouldBe(operations);
        flashrom.Writes.ShouldBe(["fast"]);
        _bench.LeftFiles.ShouldBeEmpty();
    }

    [Fact]
    public async Task ANewConfigurationTouchesItsOwnSectorsOnly()
    {
        await Start(new FlashromModel(_chip)).Write(_image, Stop);
        // The configuration at 0x72e00 and the sector after it, into which its padding ends; the time in the last.
        _chip.Touched.ShouldBeSubsetOf([0x72, 0x73, 0x7f]);
        _bench.Log.Lines.ShouldContain(line => line.Contains($"{_chip.Touched.Count} of 128 sectors"));
    }

    [Fact]
    public async Task SuccessThatFlashromReportsIsNotBelieved()
    {
        var flashrom = new FlashromModel(_chip) { Lies = 5 };
        var failure = await Should.ThrowAsync<FlashException>(() => Start(flashrom).Write(_image, Stop));
        failure.Chip.ShouldBe(ChipContent.AsBefore);
        failure.Message.ShouldContain("holds what it held before");
        flashrom.Writes.ShouldBe(["fast", "slow", "slow", "slow", "slow"]);
        _bench.Log.Lines.Count(line => line.StartsWith("warning ")).ShouldBe(5);
        _bench.Time.Waits.ShouldBe([.. Enumerable.Range(1, 4).Select(seconds => TimeSpan.FromSeconds(seconds))]);
    }

    [Fact]
    public async Task ALieIsFollowedByAnotherAttempt()
    {
        (await Start(new FlashromModel(_chip) { Lies = 4 }).Write(_image, Stop)).ShouldBe(FlashOutcome.Written);
        _chip.Content.ShouldBe(_image);
    }

    [Fact]
    public async Task AChipThatKeepsNeitherImageIsSaidAndWrittenAgain()
    {
        _chip.Worn = 0x72;
        var flashrom = new FlashromModel(_chip);
        var store = Start(flashrom);
        for (var call = 0; call < 2; call++)
        {
            // The second call finds and leaves the same bytes, which are still neither image.
            var failure = await Should.ThrowAsync<FlashException>(() => store.Write(_image, Stop));
            failure.Chip.ShouldBe(ChipContent.Neither);
            failure.Message.ShouldContain("neither the old bootloader nor the new one");
            failure.Message.ShouldContain("tried again");
            failure.Message.ShouldContain("recovery card");
        }

        _chip.Worn = null;
        (await store.Write(_image, Stop)).ShouldBe(FlashOutcome.Written);
        _chip.Content.ShouldBe(_image);
    }

    [Fact]
    public async Task AChipThatCannotBeReadBackIsNotReportedAsWritten()
    {
        // The first read, before the write, works.
        var flashrom = new FlashromModel(_chip) { UnreadableOnceWritten = true };
        var failure = await Should.ThrowAsync<FlashException>(() => Start(flashrom).Write(_image, Stop));
        failure.Chip.ShouldBe(ChipContent.Neither);
    }

    [Fact]
    public async Task AReadThatFailsFastIsTriedSlowly()
    {
        (await Start(new FlashromModel(_chip) { Unreadable = 1 }).Read(Stop)).ShouldBe(_before);
        var failure = await Should.ThrowAsync<FlashException>(() => Start(new FlashromModel(_chip) { Unreadable = 2 }).Read(Stop));
        failure.Message.ShouldContain("cannot be read: exit status 1");
    }

    [Fact]
    public async Task AWriteThatBeganIsFinishedWhenTheMachineStops()
    {
        using var stopping = new CancellationTokenSource();
        var flashrom = new FlashromModel(_chip)
        {
            BoardStaysOn = true,
            Started = options =>
            {
                if (options.Contains("-w")) stopping.Cancel();
            },
        };
        _chip.Cut = (5, Damage.Half);
        (await Start(flashrom).Write(_image, stopping.Token)).ShouldBe(FlashOutcome.Written);
        _chip.Content.ShouldBe(_image);
    }

    [Fact]
    public async Task AStopWhileTheChipIsAsBeforeEndsTheAttempts()
    {
        using var stopping = new CancellationTokenSource();
        var flashrom = new FlashromModel(_chip)
        {
            Lies = 5,
            Started = options =>
            {
                if (options.Contains("-w")) stopping.Cancel();
            },
        };
        await Should.ThrowAsync<OperationCanceledException>(() => Start(flashrom).Write(_image, stopping.Token));
        flashrom.Writes.Count.ShouldBe(1);
        _chip.Content.ShouldBe(_before);
    }

    [Fact]
    public async Task AChipWithoutWholeImageIsWrittenAllTheSame()
    {
        _chip.Erase(0);
        (await Start(new FlashromModel(_chip)).Write(_image, Stop)).ShouldBe(FlashOutcome.Written);
        _bench.Log.Lines.ShouldContain(line => line.StartsWith("warning ") && line.Contains("no whole bootloader image"));
    }

    [Fact]
    public async Task AnImageThatTheBoardMayNotGetReachesNoProgram()
    {
        var damaged = _image.ToArray();
        damaged[0] ^= 1;
        foreach (var wrong in (byte[][])[damaged, BoardImages.Pi5("x", BoardImages.Later), _image[..^1], []])
        {
            var flashrom = new FlashromModel(_chip) { Started = options => throw new InvalidOperationException(string.Join(' ', options)) };
            var failure = await Should.ThrowAsync<FlashException>(() => Start(flashrom).Write(wrong, Stop));
            failure.Message.ShouldContain("nothing was written");
        }
    }

    [Fact]
    public async Task AChipOfAnotherSizeIsRefused()
    {
        var chip = new NorFlash(BoardImages.Pi5("x", BoardImages.Later));
        var failure = await Should.ThrowAsync<FlashException>(() => Start(new FlashromModel(chip)).Write(_image, Stop));
        failure.Message.ShouldContain("2097152 bytes, this board's bootloader 524288");
        chip.Operations.ShouldBe(0);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private FlashromStore Start(FlashromModel flashrom) => _bench.Start(flashrom, EepromFamily.Bcm2711);
}

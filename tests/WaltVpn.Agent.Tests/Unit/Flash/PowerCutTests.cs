using Shouldly;
using WaltVpn.Agent.Flash;
using WaltVpn.Eeprom;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Flash;

/// <summary>
/// The power fails in a flash operation, the board starts again, our store is called again:
/// <code>
///  old image ──▶ erase, program, program … ✂ ──▶ (restart) ──▶ Write ──▶ new image
/// </code>
/// docs/security.md NODE-5. A chip with one image cannot promise more than this: never "done" when it is not, and whole after the next call.
/// </summary>
public sealed class PowerCutTests : IDisposable
{
    private static readonly Damage[] Kinds = [Damage.None, Damage.Half, Damage.Garbage, Damage.Done];
    private const int Points = 120;

    private readonly Bench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AChangedConfigurationCutInAnyOperationIsWholeAfterTheNextWrite(bool boardStaysOn)
    {
        var (before, image) = (BoardImages.Pi5("old.example.org", BoardImages.Earlier), BoardImages.Pi5("new.example.org", BoardImages.Later));
        var operations = await CountOperations(before, image);
        // Three sectors: two hold the time, one the configuration.
        operations.ShouldBeInRange(3, 3 * 17);
        for (var operation = 0; operation < operations; operation++) await CutEachWay(before, image, operation, boardStaysOn);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AnotherBootloaderCutAnywhereIsWholeAfterTheNextWrite(bool boardStaysOn)
    {
        var (before, image) = (BoardImages.OtherPi4(BoardImages.Earlier), BoardImages.Pi4("new.example.org", BoardImages.Later));
        var operations = await CountOperations(before, image);
        operations.ShouldBeGreaterThan(1500);
        for (var point = 0; point < Points; point++) await CutEachWay(before, image, (int)((long)point * (operations - 1) / (Points - 1)), boardStaysOn);
    }

    [Fact]
    public async Task PowerThatFailsAgainAndAgainEndsInTheNewImage()
    {
        var (before, image) = (BoardImages.OtherPi4(BoardImages.Earlier), BoardImages.Pi4("new.example.org", BoardImages.Later));
        for (var seed = 0; seed < 10; seed++)
        {
            var random = new Random(seed);
            var content = before.ToArray();
            for (var cuts = 0; cuts < 10; cuts++)
            {
                var chip = new NorFlash(content) { Cut = (random.Next(400), Kinds[random.Next(Kinds.Length)]) };
                try
                {
                    await Write(new FlashromModel(chip), image);
                    content.ShouldBe(image);
                }
                catch (PowerCutException)
                {
                    // The next start finds what this one left.
                }
            }

            (await Write(new FlashromModel(new NorFlash(content)), image)).ShouldBe(FlashOutcome.Written);
            content.AsSpan().SequenceEqual(image).ShouldBeTrue($"seed {seed}");
        }
    }

    private async Task CutEachWay(byte[] before, byte[] image, int operation, bool boardStaysOn)
    {
        foreach (var kind in Kinds)
        {
            var content = before.ToArray();
            var place = $"operation {operation}, {kind}";
            var cut = new NorFlash(content) { Cut = (operation, kind) };
            if (boardStaysOn)
            {
                // flashrom alone died: our code is still there and goes on by itself.
                (await Write(new FlashromModel(cut) { BoardStaysOn = true }, image)).ShouldBe(FlashOutcome.Written, place);
            }
            else
            {
                await Should.ThrowAsync<PowerCutException>(() => Write(new FlashromModel(cut), image));
                if (operation == 0 && kind == Damage.None) content.AsSpan().SequenceEqual(before).ShouldBeTrue(place);
                var wrong = Differing(content, image);
                var restarted = new NorFlash(content);
                (await Write(new FlashromModel(restarted), image)).ShouldBe(FlashOutcome.Written, place);
                // What was finished before the cut is not worn again.
                restarted.Touched.IsSubsetOf(wrong).ShouldBeTrue(place);
            }

            cut.Cut.ShouldBeNull(place);
            content.AsSpan().SequenceEqual(image).ShouldBeTrue(place);
        }
    }

    private Task<FlashOutcome> Write(FlashromModel flashrom, byte[] image) =>
        _bench.Start(flashrom, image.Length == EepromImage.Bcm2711Size ? EepromFamily.Bcm2711 : EepromFamily.Bcm2712)
            .Write(image, TestContext.Current.CancellationToken);

    private async Task<int> CountOperations(byte[] before, byte[] image)
    {
        var chip = new NorFlash(before.ToArray());
        await Write(new FlashromModel(chip), image);
        chip.Touched.ShouldBe(Differing(before, image), ignoreOrder: true);
        return chip.Operations;
    }

    private static HashSet<int> Differing(byte[] one, byte[] other) =>
        [.. Enumerable.Range(0, one.Length / NorFlash.SectorSize).Where(sector => !Sector(one, sector).SequenceEqual(Sector(other, sector)))];

    private static ReadOnlySpan<byte> Sector(byte[] bytes, int number) => bytes.AsSpan(number * NorFlash.SectorSize, NorFlash.SectorSize);
}

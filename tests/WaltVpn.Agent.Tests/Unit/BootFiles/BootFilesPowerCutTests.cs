using Shouldly;
using WaltVpn.Agent.Tests.Unit.Flash;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.BootFiles;

/// <summary>
/// The power fails while a new image is fetched, kept, marked or confirmed; the board is switched on again, and left alone:
/// <code>
///  old image ──▶ fetch, fetch … sign, rename, mark ┄▶ confirm … ✂ ──▶ (starts) ──▶ new image
/// </code>
/// docs/security.md BOOT-3: at each start something runs, and in the end it is the new one.
/// </summary>
public sealed class BootFilesPowerCutTests : IDisposable
{
    private static readonly Damage[] Kinds = [Damage.None, Damage.Half, Damage.Garbage, Damage.Done];
    private static readonly SignedImage Old = SignedImage.Make("kernel old"), New = SignedImage.Make("kernel new");

    private readonly CardInBoard _before = new();
    private readonly CardInBoard _card = new();

    public void Dispose()
    {
        _before.Dispose();
        _card.Dispose();
    }

    [Fact]
    public async Task CutAnywhereItAlwaysStartsAndEndsInTheNewImage()
    {
        await HasOld();
        var changes = await _card.CountChanges();
        var points = 0;
        foreach (var damage in Kinds)
        {
            for (var change = 0; change < changes; change++, points++)
            {
                _card.CopyFrom(_before);
                await Should.ThrowAsync<PowerCutException>(() => _card.PowerOn((change, damage)));
                await EndsInNew($"cut in change {change} of {changes}, {damage}");
            }
        }

        points.ShouldBeGreaterThan(200);
    }

    [Fact]
    public async Task PowerThatFailsAgainAndAgainLeavesAnImageThatStarts()
    {
        await HasOld();
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            _card.CopyFrom(_before);
            // As many as leave the new image one of its tries.
            for (var cuts = 0; cuts < 3; cuts++)
            {
                try
                {
                    (await _card.PowerOn((random.Next(90), Kinds[random.Next(Kinds.Length)]))).ShouldBeOneOf(Old.Sha256, New.Sha256);
                }
                catch (PowerCutException)
                {
                }
            }

            (await _card.PowerOn()).ShouldBeOneOf(Old.Sha256, New.Sha256);
        }
    }

    private async Task HasOld()
    {
        _before.Server.Image = Old;
        await _before.PowerOn();
        _card.CopyFrom(_before);
        _card.Server.Image = New;
    }

    private async Task EndsInNew(string where)
    {
        var started = new List<string>();
        for (var start = 0; start < 3; start++) started.Add(await _card.PowerOn());
        started.ShouldAllBe(image => image == Old.Sha256 || image == New.Sha256, where);
        started[^1].ShouldBe(New.Sha256, where);
        _card.Record.Good.ShouldBe([New.Sha256, Old.Sha256], where);
    }
}

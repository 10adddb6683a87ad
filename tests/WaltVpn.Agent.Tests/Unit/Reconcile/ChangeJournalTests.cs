using Shouldly;
using WaltVpn.Agent.Flash;
using WaltVpn.Agent.Reconcile;
using WaltVpn.Agent.Tests.Reconcile;
using WaltVpn.Eeprom;
using WaltVpn.Eeprom.Tests;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Reconcile;

/// <summary>What is kept between a change and the start that confirms it, over restarts of board and program.</summary>
public sealed class ChangeJournalTests : IDisposable
{
    private readonly WorkFolder _folder = new();
    private readonly EepromImage _first = EepromImage.Parse(SyntheticImage.Create(SyntheticImage.Pi4));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheImageOfBeforeIsKeptForItsOwnerUntilTheBoardStartedWithTheNewOne()
    {
        var second = Edited("p2");
        using (var journal = Open("boot-1"))
        {
            journal.Keep(new Secret("key"));
            journal.Begin(_first, second);
            journal.Written(second);
            journal.Confirm(Config(_first), isLive: true).ShouldBeFalse("the board still runs with the old one");
        }

        foreach (var name in (string[])["eeprom-previous.bin", "eeprom-change.json", "node-key"])
        {
            File.GetUnixFileMode(_folder.At(name)).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        File.ReadAllBytes(_folder.At("eeprom-previous.bin")).AsSpan().SequenceEqual(_first.Bytes.Span).ShouldBeTrue();
        using var after = Open("boot-2");
        after.UnusedKey!.Reveal().ShouldBe("key");
        after.ReadPrevious().Bytes.Span.SequenceEqual(_first.Bytes.Span).ShouldBeTrue();
        after.Confirm(Config(second), isLive: true).ShouldBeTrue();
        after.Confirm(Config(second), isLive: true).ShouldBeFalse();
        after.UnusedKey.ShouldBeNull();
        Directory.GetFiles(_folder.Path).Select(Path.GetFileName).ShouldBe(["lock"]);
        Should.Throw<FlashException>(() => after.ReadPrevious()).Message.ShouldContain("nothing to go back to");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(524_287)]
    public void ADamagedImageOfBeforeIsNoWayBackAndNoObstacle(int length)
    {
        var (second, third) = (Edited("p2"), Edited("p3"));
        Write(second, "boot-1");
        File.WriteAllBytes(_folder.At("eeprom-previous.bin"), new byte[length]);
        using var journal = Open("boot-2");
        journal.Previous.ShouldBeNull();
        journal.Damage.ShouldNotBeNull().ShouldContain("eeprom-previous.bin, the image of before the last change, cannot be used");
        Should.Throw<FlashException>(() => journal.ReadPrevious()).Message.ShouldStartWith("there is no way back: ");
        journal.Refuse(third, out _).ShouldBeNull();
        journal.Begin(second, third);
        journal.Written(third);
        journal.Damage.ShouldBeNull();
        journal.ReadPrevious().Bytes.Span.SequenceEqual(second.Bytes.Span).ShouldBeTrue();
    }

    [Fact]
    public void WhereTheBoardsConfigurationCannotBeHadTheChipsCountsFromTheNextBootOn()
    {
        Write(Edited("p2"), "boot-1");
        using (var same = Open("boot-1")) same.Confirm(Config(Edited("p2")), isLive: false).ShouldBeFalse();
        using var next = Open("boot-2");
        next.Confirm(Config(Edited("p2")), isLive: false).ShouldBeTrue();
    }

    [Fact]
    public void OfSeveralChangesInOneBootTheImageThatTheBoardStartedWithIsKept()
    {
        Write(Edited("p2"), "boot-1");
        using var journal = Open("boot-1");
        journal.Refuse(Edited("p3"), out var waits).ShouldBeNull();
        waits.ShouldBeFalse();
        journal.Begin(Edited("p2"), Edited("p3"));
        journal.ReadPrevious().Bytes.Span.SequenceEqual(_first.Bytes.Span).ShouldBeTrue();
    }

    [Fact]
    public void WhatWaitsForTheNextStartIsNotWrittenTwiceInOneBoot()
    {
        Write(Edited("p2"), "boot-1");
        using (var same = Open("boot-1"))
        {
            // Another time of change does not make it another image.
            same.Refuse(Edited("p2").WithTimestamp(DateTimeOffset.FromUnixTimeSeconds(99)), out var waits)!.ShouldContain("next start");
            waits.ShouldBeTrue();
        }

        using var next = Open("boot-2");
        next.Refuse(Edited("p2"), out var stillWaits).ShouldBeNull("it did not get there: written once more");
        stillWaits.ShouldBeFalse();
    }

    [Fact]
    public void AWriteThatWasCutOffIsMadeAgain()
    {
        using (var journal = Open("boot-1")) journal.Begin(_first, Edited("p2"));
        using var again = Open("boot-1");
        again.Refuse(Edited("p2"), out _).ShouldBeNull();
    }

    [Fact]
    public void ABoardThatNeverStartsWithWhatIsWrittenIsNotWrittenForEver()
    {
        foreach (var boot in (string[])["1", "2", "3"])
        {
            using var journal = Open(boot);
            journal.Refuse(Edited("p2"), out _).ShouldBeNull($"boot {boot}");
            journal.Begin(_first, Edited("p2"));
            journal.Written(Edited("p2"));
        }

        using var fourth = Open("4");
        fourth.Refuse(Edited("p2"), out _)!.ShouldContain("pieeprom.upd");
        fourth.Refuse(Edited("p3"), out _)!.ShouldContain("pieeprom.upd");
    }

    [Fact]
    public void WhatWasRolledBackComesBackOnlyWithOtherSettings()
    {
        Write(Edited("p2"), "boot-1");
        using (var journal = Open("boot-2")) journal.RolledBack();
        using var later = Open("boot-3");
        later.Refuse(Edited("p2"), out var waits)!.ShouldContain("rolled back");
        waits.ShouldBeFalse();
        later.Refuse(Edited("p3"), out _).ShouldBeNull();
    }

    [Fact]
    public void TwoProcessesDoNotShareTheFolderAndADamagedRecordIsNone()
    {
        using (Open("boot-1")) Should.Throw<IOException>(() => Open("boot-1"));
        _folder.Write("eeprom-change.json", "{"u8);
        using var journal = Open("boot-1");
        journal.Refuse(_first, out _).ShouldBeNull();
    }

    private void Write(EepromImage image, string boot)
    {
        using var journal = Open(boot);
        journal.Begin(_first, image);
        journal.Written(image);
    }

    private ChangeJournal Open(string boot) => ChangeJournal.Open(_folder.Path, boot);

    private EepromImage Edited(string path) => _first.With(EepromFiles.BootConfig, Config(_first).With("HTTP_PATH", path).ToBytes());

    private static BootConfig Config(EepromImage image) => BootConfig.Parse(image.Read(EepromFiles.BootConfig));
}

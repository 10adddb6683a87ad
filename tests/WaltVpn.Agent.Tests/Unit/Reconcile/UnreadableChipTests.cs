using Shouldly;
using WaltVpn.Agent.Flash;
using WaltVpn.Agent.Reconcile;
using WaltVpn.Agent.Tests.Reconcile;
using WaltVpn.Eeprom;
using WaltVpn.Eeprom.Tests;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Reconcile;

public sealed class UnreadableChipTests
{
    private static readonly byte[] _firmware = SyntheticImage.Create(SyntheticImage.Pi4);
    private static readonly BootConfig _blank = BootConfig.Parse("[all]\nBOOT_UART=1\n"u8);

    [Fact]
    public void ABoardThatStartedWithTheServersSettingsHasNothingToDo()
    {
        var desired = Desired.First with { CaCertificate = [0x30, 3, 2, 1, 7] };
        var fresh = UnreadableChip.Assume(_firmware, _blank, new byte[RsaPublicKey.BinaryLength]);
        var staged = ReconciliationTests.Compare(fresh, desired).ShouldBeOfType<ReconcileResult.Change>();
        staged.Differences.ShouldContain(line => line.StartsWith("boot signing key: none -> "));

        // The next start: all that is known of the chip is what the firmware left in memory.
        var live = BootConfig.Parse(staged.Image.Read(EepromFiles.BootConfig));
        var next = UnreadableChip.Assume(_firmware, live, desired.BootKey.ToBinary());
        ReconciliationTests.Compare(UnreadableChip.AssumeAuthority(next, desired.CaCertificate), desired).ShouldBeOfType<ReconcileResult.NothingToDo>();
        byte[] other = [0x30, 3, 2, 1, 8];
        ReconciliationTests.Compare(UnreadableChip.AssumeAuthority(next, other), desired with { CaCertificate = other })
            .ShouldBeOfType<ReconcileResult.Change>().Differences.ShouldContain(line => line.StartsWith("HTTP_CACERT_HASH: "));

        // A vendor's update leaves the configuration and takes the key away.
        var withoutKey = UnreadableChip.AssumeAuthority(UnreadableChip.Assume(_firmware, live, new byte[RsaPublicKey.BinaryLength]), desired.CaCertificate);
        ReconciliationTests.Compare(withoutKey, desired).ShouldBeOfType<ReconcileResult.Change>()
            .Differences.ShouldHaveSingleItem().ShouldStartWith("boot signing key: none -> ");
    }

    [Fact]
    public void WhatIsNotKnownIsNotGuessed()
    {
        Should.Throw<FlashException>(() => UnreadableChip.Assume(null, _blank, [])).Message.ShouldContain("--firmware FILE");
        Should.Throw<FlashException>(() => UnreadableChip.Assume(_firmware, null, [])).Message.ShouldContain("not known");
        Should.Throw<FlashException>(() => UnreadableChip.Assume(_firmware, _blank, null)).Message.ShouldContain("blpubkey");
    }
}

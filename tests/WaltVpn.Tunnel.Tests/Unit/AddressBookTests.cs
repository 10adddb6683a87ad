using Shouldly;
using WaltVpn.Hub.Dhcp;
using WaltVpn.Hub.Rules;
using WaltVpn.Hub.Serve;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Tunnel.Tests.Unit;

/// <summary>Leases end, are renewed, survive the hub, and never last longer than they were given for.</summary>
public sealed class AddressBookTests : IDisposable
{
    private const uint Address = 0xC0A89807;
    private const uint Second = 0xC0A89808;
    private const uint Server = 0xC0A89801;
    private const uint Hour = 3600;
    private static readonly MacAddress Mac = MacAddress.Parse("52:54:00:12:34:56");
    private static readonly MacAddress Other = MacAddress.Parse("52:54:00:12:34:57");
    private readonly TemporaryFolder _folder = new();
    private readonly HandClock _clock = new();
    private readonly AddressBook _book;

    public AddressBookTests() => _book = Open();

    private string MacFile => Path.Combine(_folder.Path, "52-54-00-12-34-56");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AddressesSurviveTheHub()
    {
        _book.Learn(Mac, Address, Server, Hour).ShouldBeTrue();
        _book.Learn(Mac, Address, Server, Hour).ShouldBeFalse();
        _book.Learn(Mac, Second, Server, Hour).ShouldBeTrue();
        _book.Learn(Other, Address, Server, Hour).ShouldBeTrue();
        _book.Tick();

        var again = Open();
        Held(again, Mac).ShouldBe([Second]);
        Held(again, Other).ShouldBe([Address]);
        again.Of(Mac).IsServer(Server).ShouldBeTrue();
        AddressBook.Text(Address).ShouldBe("192.168.152.7");
    }

    [Fact]
    public void LeaseEndsAfterItsTimeAndAGrace()
    {
        _book.Learn(Mac, Address, Server, Hour);
        After(TimeSpan.FromSeconds(Hour) + Lease.Grace - TimeSpan.FromSeconds(1));
        Held(_book, Mac).ShouldBe([Address]);
        After(TimeSpan.FromSeconds(1));
        Held(_book, Mac).ShouldBeEmpty();
        File.Exists(MacFile).ShouldBeFalse();
        _book.Learn(Mac, Address, Server, Hour).ShouldBeTrue();
    }

    [Fact]
    public void RenewalExtendsTheLease()
    {
        _book.Learn(Mac, Address, Server, Hour);
        After(TimeSpan.FromMinutes(30));
        _book.Learn(Mac, Address, Server, Hour).ShouldBeFalse();
        After(TimeSpan.FromMinutes(45));
        Held(_book, Mac).ShouldBe([Address]);
        Held(Open(), Mac).ShouldBe([Address]);
        After(TimeSpan.FromMinutes(16));
        Held(_book, Mac).ShouldBeEmpty();
    }

    [Fact]
    public void ShorterRenewalShortensTheLease()
    {
        _book.Learn(Mac, Address, Server, Hour);
        _book.Learn(Mac, Address, Server, 60);
        After(TimeSpan.FromMinutes(2));
        Held(_book, Mac).ShouldBeEmpty();
    }

    [Fact]
    public void InfiniteLeaseNeverEnds()
    {
        _book.Learn(Mac, Address, Server, Lease.Infinite);
        After(TimeSpan.FromDays(365 * 200));
        Held(_book, Mac).ShouldBe([Address]);
        Held(Open(), Mac).ShouldBe([Address]);
    }

    [Fact]
    public void TimeGoesOnWhileTheHubIsDown()
    {
        _book.Learn(Mac, Address, Server, Hour);
        _clock.Advance(TimeSpan.FromMinutes(50));
        var again = Open();
        Held(again, Mac).ShouldBe([Address]);
        _clock.Advance(TimeSpan.FromMinutes(12));
        again.Tick();
        Held(again, Mac).ShouldBeEmpty();
    }

    [Fact]
    public void ForgottenAddressIsGoneAlsoAfterARestart()
    {
        _book.Learn(Mac, Address, Server, Hour);
        _book.Forget(Mac, Address);
        Held(_book, Mac).ShouldBeEmpty();
        _book.Tick();
        Held(Open(), Mac).ShouldBeEmpty();
    }

    [Fact]
    public void FormerAddressCountsAsANodesForFiveMinutes()
    {
        _book.Learn(Mac, Address, Server, Hour);
        _book.Learn(Other, Second, Server, Hour);
        _book.All.ShouldBe([Address, Second], ignoreOrder: true);
        _book.Forget(Mac, Address);
        _clock.Advance(TimeSpan.FromSeconds(299));
        _book.Tick();
        _book.All.ShouldBe([Address, Second], ignoreOrder: true);
        _clock.Advance(TimeSpan.FromSeconds(1));
        _book.Tick();
        _book.All.ShouldBe([Second]);
    }

    [Fact]
    public void FileThatCannotBeReadCostsOneNodeOnly()
    {
        _book.Learn(Mac, Address, Server, Hour);
        _book.Learn(Other, Second, Server, Hour);
        File.Delete(MacFile);
        File.CreateSymbolicLink(MacFile, MacFile);
        Held(Open(), Other).ShouldBe([Second]);
    }

    [Fact]
    public void SameLeaseAgainIsNotWrittenAgain()
    {
        _book.Learn(Mac, Address, Server, Hour);
        _book.Tick();
        File.Delete(MacFile);
        for (var second = 0; second < 59; second++)
        {
            After(TimeSpan.FromSeconds(1));
            _book.Learn(Mac, Address, Server, Hour).ShouldBeFalse();
        }

        File.Exists(MacFile).ShouldBeFalse();
        After(TimeSpan.FromSeconds(1));
        _book.Learn(Mac, Address, Server, Hour).ShouldBeFalse();
        File.Exists(MacFile).ShouldBeTrue();
    }

    [Fact]
    public void NodeThatChangesQuicklyIsWrittenOncePerTick()
    {
        _book.Learn(Mac, Address, Server, Hour);
        File.Delete(MacFile);
        for (var round = 0; round < 1000; round++)
        {
            _book.Forget(Mac, Address);
            _book.Learn(Mac, Address, Server, Hour);
        }

        File.Exists(MacFile).ShouldBeFalse();
        _book.Tick();
        Held(Open(), Mac).ShouldBe([Address]);
    }

    [Theory]
    [InlineData(-10_000)]
    [InlineData(10_000)]
    public void JumpingClockNeitherEndsNorLengthensALease(int days)
    {
        _book.Learn(Mac, Address, Server, Hour);
        _clock.Jump(TimeSpan.FromDays(days));
        After(TimeSpan.FromMinutes(50));
        Held(_book, Mac).ShouldBe([Address]);
        var again = Open();
        Held(again, Mac).ShouldBe([Address]);
        After(TimeSpan.FromMinutes(12));
        again.Tick();
        Held(_book, Mac).ShouldBeEmpty();
        Held(again, Mac).ShouldBeEmpty();
    }

    [Fact]
    public void ClockSetBackWhileTheHubIsDownGivesNoMoreThanTheWholeLease()
    {
        _book.Learn(Mac, Address, Server, Hour);
        _clock.Jump(TimeSpan.FromDays(-10_000));
        var again = Open();
        Held(again, Mac).ShouldBe([Address]);
        _clock.Advance(TimeSpan.FromSeconds(Hour) + Lease.Grace);
        again.Tick();
        Held(again, Mac).ShouldBeEmpty();
    }

    [Fact]
    public void AddressInTwoFilesBelongsToTheLastLease()
    {
        File.WriteAllLines(MacFile, ["192.168.152.7 192.168.152.1 2026-03-01T11:50:00Z 3600", "192.168.152.8 192.168.152.1 2026-03-01T11:50:00Z 3600"]);
        File.WriteAllLines(Path.Combine(_folder.Path, "52-54-00-12-34-57"), ["192.168.152.7 192.168.152.1 2026-03-01T11:51:00Z 3600"]);
        var again = Open();
        Held(again, Mac).ShouldBe([Second]);
        Held(again, Other).ShouldBe([Address]);
    }

    [Fact]
    public void LinesThatAreNoneAreSkipped()
    {
        string[] none = ["", "192.168.152.7", "x y z 1", "192.168.152.7 192.168.152.1 yesterday 3600", "192.168.152.7 192.168.152.1 2026-03-01T11:50:00Z -1"];
        File.WriteAllLines(MacFile, [.. none, "::1 ::2 2026-03-01T11:50:00Z 3600"]);
        File.WriteAllText(MacFile + ".new", "192.168.152.7 192.168.152.1 2026-03-01T11:50:00Z 3600\n");
        Held(Open(), Mac).ShouldBeEmpty();
    }

    [Fact]
    public void OldestAddressGivesWay()
    {
        for (var address = 1u; address <= NodeAddresses.Capacity + 1; address++) _book.Learn(Mac, address, Server, Hour);
        _book.Of(Mac).Contains(1).ShouldBeFalse();
        _book.Of(Mac).Contains(2).ShouldBeTrue();
        _book.Of(Mac).All.Count.ShouldBe(NodeAddresses.Capacity);
        _book.Learn(Other, 1, Server, Hour).ShouldBeTrue();
        _book.Of(Mac).All.Count.ShouldBe(NodeAddresses.Capacity);
    }

    private static IEnumerable<uint> Held(AddressBook book, MacAddress mac) => book.Of(mac).All.Select(lease => lease.Address);

    private AddressBook Open() => new(_folder.Path, _clock);

    private void After(TimeSpan time)
    {
        _clock.Advance(time);
        _book.Tick();
    }
}

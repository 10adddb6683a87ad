using Shouldly;
using WaltVpn.Hub.Dhcp;
using WaltVpn.Hub.Serve;
using WaltVpn.Protocol;
using Xunit;
using static WaltVpn.Tunnel.Tests.Packets;

namespace WaltVpn.Tunnel.Tests.Unit;

/// <summary>What teaches the hub a node's address, and what takes it away again.</summary>
public sealed class DhcpSnoopingTests : IDisposable
{
    private const string Address = "192.168.152.7";
    private const string Server = "192.168.152.1";
    private const string Bridge = "192.168.152.2";
    private static readonly byte[] Own = [0x52, 0x54, 0x00, 0x12, 0x34, 0x56];
    private static readonly byte[] Other = [0x52, 0x54, 0x00, 0x12, 0x34, 0x57];
    private readonly TemporaryFolder _folder = new();
    private readonly HandClock _clock = new();
    private readonly AddressBook _book;
    private readonly DhcpSnooping _dhcp;

    public DhcpSnoopingTests()
    {
        _book = new AddressBook(_folder.Path, _clock);
        _dhcp = Snooping();
    }

    private IEnumerable<string> Learned => _dhcp.Addresses.All.Select(lease => AddressBook.Text(lease.Address));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AcknowledgementOfARequestTeachesTheAddress()
    {
        _dhcp.FromNode(Request(Dhcp(1, 3, Own)));
        _dhcp.ToNode(Reply(Acknowledge(Address)));
        _dhcp.Addresses.All.ShouldBe([new Lease(0xC0A89807, 0xC0A89801, 7200, TimeSpan.Zero)]);
    }

    [Fact]
    public void AcknowledgementNobodyAskedForTeachesNothing()
    {
        _dhcp.ToNode(Reply(Acknowledge(Address)));
        _dhcp.FromNode(Request(Dhcp(1, 3, Own, transaction: 7)));
        _dhcp.ToNode(Reply(Acknowledge(Address)));
        _dhcp.FromNode(Request(Dhcp(1, 8, Own)));
        _dhcp.ToNode(Reply(Acknowledge(Address)));
        Learned.ShouldBeEmpty();
        _dhcp.ToNode(Reply(Acknowledge(Address, transaction: 7)));
        Learned.ShouldBe([Address]);
    }

    [Fact]
    public void AnswerMayTakeAMinute()
    {
        _dhcp.FromNode(Request(Dhcp(1, 3, Own)));
        _clock.Advance(PendingRequests.Life);
        _dhcp.ToNode(Reply(Acknowledge(Address)));
        Learned.ShouldBeEmpty();
        _dhcp.FromNode(Request(Dhcp(1, 3, Own)));
        _clock.Advance(PendingRequests.Life - TimeSpan.FromSeconds(1));
        _dhcp.ToNode(Reply(Acknowledge(Address)));
        Learned.ShouldBe([Address]);
    }

    [Fact]
    public void OldestOfTooManyRequestsIsForgotten()
    {
        for (var transaction = 0; transaction <= PendingRequests.Capacity; transaction++) _dhcp.FromNode(Request(Dhcp(1, 1, Own, transaction: transaction)));
        _dhcp.ToNode(Reply(Acknowledge(Address, transaction: 0)));
        Learned.ShouldBeEmpty();
        _dhcp.ToNode(Reply(Acknowledge(Address, transaction: 1)));
        Learned.ShouldBe([Address]);
    }

    [Fact]
    public void AnswerMayComeThroughTheNextTunnel()
    {
        _dhcp.FromNode(Request(Dhcp(1, 3, Own)));
        Snooping().ToNode(Reply(Acknowledge(Address)));
        Learned.ShouldBe([Address]);
    }

    [Theory]
    [InlineData(2, 2, Address)] // an offer
    [InlineData(2, 6, Address)] // a refusal
    [InlineData(1, 5, Address)] // operation of a request
    [InlineData(2, 5, "0.0.0.0")] // answer to DHCPINFORM
    [InlineData(2, 5, "127.0.0.1")]
    [InlineData(2, 5, "224.0.0.1")]
    [InlineData(2, 5, "255.255.255.255")]
    [InlineData(2, 5, Server)] // the sender's own
    [InlineData(2, 5, "192.168.152.3")] // that of the server behind the sender
    [InlineData(2, 5, Bridge)]
    public void AnythingElseTeachesNothing(int operation, int type, string yours)
    {
        _dhcp.FromNode(Request(Dhcp(1, 3, Own)));
        _dhcp.ToNode(Reply(Dhcp(operation, type, Own, yours, [.. LeaseTime(7200), .. AddressOption(54, yours == "192.168.152.3" ? yours : Server)])));
        Learned.ShouldBeEmpty();
    }

    [Fact]
    public void AcknowledgementOfAnotherStationTeachesNothing()
    {
        _dhcp.FromNode(Request(Dhcp(1, 3, Own)));
        _dhcp.ToNode(Reply(Dhcp(2, 5, Other, Address)));
        Learned.ShouldBeEmpty();
    }

    [Fact]
    public void OtherPortsAndFragmentsTeachNothing()
    {
        _dhcp.FromNode(Request(Dhcp(1, 3, Own)));
        var message = Acknowledge(Address);
        _dhcp.ToNode(Ethernet(Own, Other, 0x0800, Ipv4(17, Server, Address, Udp(68, 67, message))));
        _dhcp.ToNode(Ethernet(Own, Other, 0x0800, Ipv4(17, Server, Address, Udp(67, 68, message), 0x2000)));
        _dhcp.ToNode(Ethernet(Own, Other, 0x0800, Ipv4(6, Server, Address, Udp(67, 68, message))));
        Learned.ShouldBeEmpty();
    }

    [Fact]
    public void CutAnywhereItTeachesNothing()
    {
        _dhcp.FromNode(Request(Dhcp(1, 3, Own)));
        var frame = Reply(Acknowledge(Address));
        for (var length = 0; length < frame.Length; length++) _dhcp.ToNode(frame.AsSpan(0, length));
        Learned.ShouldBeEmpty();
        _dhcp.ToNode(frame);
        Learned.ShouldBe([Address]);
    }

    [Fact]
    public void WithoutLeaseTimeOrServerItIsAnHourOfTheSender()
    {
        _dhcp.FromNode(Request(Dhcp(1, 3, Own)));
        _dhcp.ToNode(Reply(Dhcp(2, 5, Own, Address)));
        _dhcp.Addresses.All.ShouldBe([new Lease(0xC0A89807, 0xC0A89801, 3600, TimeSpan.Zero)]);
    }

    [Fact]
    public void ReleaseEndsTheLease()
    {
        _dhcp.FromNode(Request(Dhcp(1, 3, Own)));
        _dhcp.ToNode(Reply(Acknowledge(Address)));
        Learned.ShouldBe([Address]);
        _dhcp.FromNode(Request(Dhcp(1, 7, Own, had: Address)));
        Learned.ShouldBeEmpty();
    }

    [Fact]
    public void LeaseTimeOfTheAcknowledgementCounts()
    {
        _dhcp.FromNode(Request(Dhcp(1, 3, Own)));
        _dhcp.ToNode(Reply(Acknowledge(Address)));
        _clock.Advance(TimeSpan.FromSeconds(7200) + Lease.Grace);
        _book.Tick();
        Learned.ShouldBeEmpty();
    }

    private static byte[] Acknowledge(string address, int transaction = 0x1234) =>
        Dhcp(2, 5, Own, address, [.. AddressOption(54, Server), .. LeaseTime(7200)], transaction: transaction);

    private static byte[] Request(byte[] message) => Ethernet(Broadcast, Own, 0x0800, Ipv4(17, "0.0.0.0", "255.255.255.255", Udp(68, 67, message)));

    private static byte[] Reply(byte[] message) => Ethernet(Broadcast, Other, 0x0800, Ipv4(17, Server, "255.255.255.255", Udp(67, 68, message)));

    private DhcpSnooping Snooping()
    {
        var node = new ExpectedNode { Ticket = new string('a', 32), NodeId = new string('a', 32), VpnMac = MacAddress.FromBytes(Own), CertificateSerial = 1 };
        return new DhcpSnooping(node, _book, address => AddressBook.Text(address) == Bridge);
    }
}

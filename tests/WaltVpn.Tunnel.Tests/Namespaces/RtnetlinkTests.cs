using System.Net;
using Shouldly;
using WaltVpn.Linux;
using Xunit;

namespace WaltVpn.Tunnel.Tests.Namespaces;

/// <summary>Interfaces, bridges, addresses and routes, with ip(8) and bridge(8) as judges.</summary>
/// <remarks><code>
///   tap-a (52:54:00:00:00:0a) ── bridge-a            v0 ═══ v1
/// </code></remarks>
[Collection(OneNetwork.Name)]
public sealed class RtnetlinkTests : IDisposable
{
    private static readonly byte[] BridgeMac = [0x52, 0x54, 0, 0, 0, 1];
    private static readonly byte[] NodeMac = [0x52, 0x54, 0, 0, 0, 0x0A];
    private readonly Rtnetlink _rtnetlink = new();
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _rtnetlink.Dispose();

    [Fact]
    public async Task TapBecomesALockedIsolatedPortWithAStaticStation()
    {
        using var tap = Tap.Open("tap-a");
        _rtnetlink.CreateBridge("bridge-a", BridgeMac);
        _rtnetlink.CreateBridge("bridge-a", BridgeMac);
        _rtnetlink.SetMtu("tap-a", 1400);
        _rtnetlink.SetMacAddress("tap-a", [0xFE, 0x54, 0, 0, 0, 0x0A]);
        _rtnetlink.JoinBridge("tap-a", "bridge-a");
        _rtnetlink.SetBridgePort("tap-a", new BridgePort { Learning = false, Locked = true, Isolated = true });
        _rtnetlink.AddStation("tap-a", NodeMac);
        _rtnetlink.LinkUp("tap-a");
        _rtnetlink.LinkUp("bridge-a");

        var port = await Tools.Run("bridge", "-d", "link", "show", "dev", "tap-a");
        port.ShouldContain("learning off");
        port.ShouldContain("isolated on");
        port.ShouldContain("locked on");
        (await Tools.Run("bridge", "fdb", "show", "dev", "tap-a")).ShouldContain("52:54:00:00:00:0a master bridge-a static");

        var link = _rtnetlink.FindLink("tap-a").ShouldNotBeNull();
        link.Kind.ShouldBe("tun");
        link.Mtu.ShouldBe(1400);
        link.Up.ShouldBeTrue();
        link.MacAddress.ShouldBe([0xFE, 0x54, 0, 0, 0, 0x0A]);
        var bridge = _rtnetlink.FindLink("bridge-a").ShouldNotBeNull();
        link.Master.ShouldBe(bridge.Index);
        bridge.MacAddress.ShouldBe(BridgeMac);

        tap.Dispose();
        _rtnetlink.FindLink("tap-a").ShouldBeNull();
        await Tools.Run("ip", "link", "delete", "bridge-a");
    }

    [Fact]
    public void AddressThatIsNotIpv4IsRefusedAsTheKernelWouldRefuseIt()
    {
        Should.Throw<ErrnoException>(() => _rtnetlink.AddAddress("lo", IPAddress.IPv6Loopback, 128)).Errno.ShouldBe(Errno.EAFNOSUPPORT);
        Should.Throw<ErrnoException>(() => _rtnetlink.ReplaceDefaultRoute(IPAddress.IPv6Loopback, "lo", 1)).Errno.ShouldBe(Errno.EAFNOSUPPORT);
    }

    [Fact]
    public async Task AddressesAndTheDefaultRouteAreReplaced()
    {
        using var tap = Tap.Open("tap-r");
        _rtnetlink.LinkUp("tap-r");
        _rtnetlink.AddAddress("tap-r", IPAddress.Parse("192.0.2.5"), 24);
        _rtnetlink.AddAddress("tap-r", IPAddress.Parse("192.0.2.5"), 24);
        _rtnetlink.AddAddress("tap-r", IPAddress.Parse("192.0.2.6"), 24);
        _rtnetlink.ReplaceDefaultRoute(IPAddress.Parse("192.0.2.1"), "tap-r", 100);
        _rtnetlink.ReplaceDefaultRoute(IPAddress.Parse("192.0.2.2"), "tap-r", 100);

        (await Tools.Run("ip", "-4", "address", "show", "dev", "tap-r")).ShouldContain("inet 192.0.2.5/24 brd 192.0.2.255");
        var routes = await Tools.Run("ip", "-4", "route", "show", "default");
        routes.Trim().ShouldStartWith("default via 192.0.2.2 dev tap-r");
        routes.ShouldContain("metric 100");

        _rtnetlink.FlushAddresses("tap-r");
        (await Tools.Run("ip", "-4", "address", "show", "dev", "tap-r")).ShouldNotContain("inet ");
        (await Tools.Run("ip", "-4", "route", "show")).ShouldNotContain("tap-r");
    }

    [Fact]
    public async Task MonitorTellsWhenCarrierComes()
    {
        await Tools.Run("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
        _rtnetlink.LinkUp("v0");
        using var monitor = new LinkMonitor();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        deadline.CancelAfter(TimeSpan.FromSeconds(20));
        var sawNoCarrier = false;
        await foreach (var news in monitor.ReadAllAsync(deadline.Token))
        {
            if (news.Link.Name != "v0" || news.Removed) continue;
            if (news.Link.Carrier) break;
            if (!sawNoCarrier) _rtnetlink.LinkUp("v1");
            sawNoCarrier = true;
        }

        sawNoCarrier.ShouldBeTrue();
        await Tools.Run("ip", "link", "delete", "v0");
        await foreach (var news in monitor.ReadAllAsync(deadline.Token))
            if (news is { Removed: true, Link.Name: "v0" }) break;
    }

    [Fact]
    public void UnknownInterfaceIsNoSuchDevice() =>
        Should.Throw<ErrnoException>(() => _rtnetlink.LinkUp("nothing")).Errno.ShouldBe(Errno.ENODEV);
}

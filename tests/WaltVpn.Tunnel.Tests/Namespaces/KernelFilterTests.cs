using System.Net;
using System.Text.RegularExpressions;
using Shouldly;
using WaltVpn.Hub.Serve;
using WaltVpn.Linux;
using WaltVpn.Protocol;
using Xunit;
using static WaltVpn.Tunnel.Tests.Packets;

namespace WaltVpn.Tunnel.Tests.Namespaces;

/// <summary>What the kernel lets a node say by itself, whatever the relay does: docs/security.md L2-5. nft(8) is the judge of the table.</summary>
/// <remarks><code>
///   this test, in the relay's place ── TAP wn-kernel (NOT locked: the filter alone) ──┐
///                                                                                     ├── bridge ── TAP plat (the platform)
///   this test ── TAP wn-stranger (no pair in the filter) ─────────────────────────────┘
/// </code></remarks>
[Collection(OneNetwork.Name)]
public sealed class KernelFilterTests : IDisposable
{
    private const string Port = "wn-kernel";
    private const string Own4 = "192.168.152.7";
    private const string Second4 = "192.168.152.8";
    private const string Other4 = "192.168.152.9";
    private const string Server4 = "192.168.152.1";
    private const string Own6 = "fe80::5054:ff:fe00:c";
    private const string OwnGlobal6 = "2001:db8::5054:ff:fe00:c";
    private const string Other6 = "fe80::5054:ff:fe00:d";
    private const string All6 = "ff02::1";
    private static readonly MacAddress OwnMac = MacAddress.Parse("52:54:00:00:00:0c");
    private static readonly byte[] Own = Bytes(OwnMac);
    private static readonly byte[] Other = [0x52, 0x54, 0, 0, 0, 0x0D];
    private static readonly byte[] Nobody = new byte[6];
    private static readonly byte[] Data = new byte[32];
    private static readonly byte[] Nonce = [14, 1, 1, 2, 3, 4, 5, 6];
    private static readonly NftSet Spare = new("spare", NftAddress.Ipv4);
    private static int s_count;

    private readonly string _bridgeName = $"kf{Interlocked.Increment(ref s_count)}";
    private readonly Bridge _bridge;
    private readonly KernelFilter _filter;
    private readonly FileDescriptor _tap;
    private readonly PlatformPort _platform;

    public KernelFilterTests()
    {
        _bridge = new Bridge(_bridgeName);
        _filter = new KernelFilter();
        _filter.Open(Port, OwnMac, [Number(Own4), Number(Second4)]);
        _tap = OpenUnlocked(Port);
        _platform = new PlatformPort(_bridgeName);
    }

    // What a node may say, by name.
    private static readonly (string Name, byte[] Frame)[] OwnFrames =
    [
        ("ARP request", Arped(Arp(1, Own, Own4, Nobody, Server4))),
        ("ARP request at its second address", Arped(Arp(1, Own, Second4, Nobody, Server4))),
        ("ARP reply", Arped(Arp(2, Own, Own4, Own, Server4))),
        ("ARP probe", Arped(Arp(1, Own, "0.0.0.0", Nobody, Own4))),
        ("IPv4", V4(Ipv4(17, Own4, Server4, Udp(1000, 2000, Data)))),
        ("IPv4, first fragment", V4(Ipv4(17, Own4, Server4, Udp(1000, 2000, Data), 0x2000))),
        ("IPv4, later fragment", V4(Ipv4(17, Own4, Server4, Data, 0x0010))),
        ("DHCP discover", V4(Ipv4(17, "0.0.0.0", "255.255.255.255", Udp(68, 67, Dhcp(1, 1, Own))))),
        ("DHCP renewal", V4(Ipv4(17, Own4, Server4, Udp(68, 67, Dhcp(1, 3, Own, had: Own4))))),
        ("IPv6", V6(Ipv6(17, Own6, All6, Udp(1000, 2000, Data)))),
        ("IPv6 of another prefix", V6(Ipv6(6, OwnGlobal6, "2001:db8::1", Data))),
        ("ping", V6(Ipv6(58, Own6, All6, [128, 0, .. Data]))),
        ("ping in fragments", V6(Ipv6(44, Own6, All6, [.. FragmentHeader(58, 0, true), 128, 0, .. Data[2..]]))),
        ("ping, later fragment", V6(Ipv6(44, Own6, All6, [.. FragmentHeader(58, 32, false), .. Data]))),
        ("neighbour solicitation", V6(Ipv6(58, Own6, All6, Neighbour(135, Other6, LinkOption(1, Own))))),
        ("neighbour solicitation without option", V6(Ipv6(58, Own6, All6, Neighbour(135, Other6, [])))),
        ("neighbour advertisement", V6(Ipv6(58, Own6, All6, Neighbour(136, Own6, LinkOption(2, Own))))),
        ("neighbour advertisement without option", V6(Ipv6(58, Own6, All6, Neighbour(136, OwnGlobal6, [])))),
        ("is my address free", V6(Ipv6(58, "::", All6, Neighbour(135, Own6, [])))),
        ("is my address free, with a nonce", V6(Ipv6(58, "::", All6, Neighbour(135, Own6, Nonce)))),
        ("router solicitation", V6(Ipv6(58, Own6, "ff02::2", [133, 0, 0, 0, 0, 0, 0, 0, .. LinkOption(1, Own)]))),
        ("router solicitation without address", V6(Ipv6(58, "::", "ff02::2", [133, 0, 0, 0, 0, 0, 0, 0]))),
        ("MLD report", V6(Ipv6(0, "::", "ff02::16", [.. Extension(58), 143, 0, .. Data]))),
        ("MLD 1 report", V6(Ipv6(0, "::", "ff02::1:ff00:c", [.. Extension(58), 131, 0, .. Data[..22]]))),
    ];

    // What it may not, by name.
    private static readonly (string Name, byte[] Frame)[] ForeignFrames =
    [
        ("another MAC", Ethernet(Broadcast, Other, 0x0800, Ipv4(17, Own4, Server4, Udp(1000, 2000, Data)))),
        ("another MAC, its own IPv6", Ethernet(Broadcast, Other, 0x86DD, Ipv6(17, LinkLocal(Other), All6, Udp(1000, 2000, Data)))),
        ("ARP for another's address", Arped(Arp(1, Own, Other4, Nobody, Server4))),
        ("ARP reply for the server's address", Arped(Arp(2, Own, Server4, Broadcast, Server4))),
        ("ARP with another MAC inside", Arped(Arp(2, Other, Own4, Nobody, Server4))),
        ("ARP probe for another's address", Arped(Arp(1, Own, "0.0.0.0", Nobody, Other4))),
        ("ARP probe with another MAC inside", Arped(Arp(1, Other, "0.0.0.0", Nobody, Own4))),
        ("ARP reply from no address", Arped(Arp(2, Own, "0.0.0.0", Nobody, Own4))),
        ("reverse ARP", Arped(Arp(3, Own, Own4, Own, Own4))),
        ("ARP for other hardware", Arped([0, 6, .. Arp(1, Own, Own4, Nobody, Server4)[2..]])),
        ("ARP cut off", Arped(Arp(1, Own, Own4, Nobody, Server4)[..16])),
        ("another's IPv4", V4(Ipv4(17, Other4, Server4, Udp(1000, 2000, Data)))),
        ("another's IPv4, later fragment", V4(Ipv4(17, Other4, Server4, Data, 0x0010))),
        ("the server's IPv4", V4(Ipv4(17, Server4, Other4, Udp(1000, 2000, Data)))),
        ("IPv4 from no address", V4(Ipv4(17, "0.0.0.0", "255.255.255.255", Udp(1000, 2000, Data)))),
        ("IPv4 from no address to one station", V4(Ipv4(17, "0.0.0.0", Server4, Udp(68, 67, Dhcp(1, 1, Own))))),
        ("a DHCP server's answer from no address", V4(Ipv4(17, "0.0.0.0", "255.255.255.255", Udp(67, 68, Dhcp(2, 2, Other, Other4))))),
        ("later fragment from no address", V4(Ipv4(17, "0.0.0.0", "255.255.255.255", Data, 0x0010))),
        ("another's IPv6", V6(Ipv6(17, Other6, All6, Udp(1000, 2000, Data)))),
        ("another's IPv6 behind a header", V6(Ipv6(0, Other6, All6, [.. Extension(17), .. Udp(1000, 2000, Data)]))),
        ("a group as IPv6 source", V6(Ipv6(17, "ff02::5054:ff:fe00:c", All6, Udp(1000, 2000, Data)))),
        ("IPv6 from no address", V6(Ipv6(17, "::", All6, Udp(1000, 2000, Data)))),
        ("ping from no address", V6(Ipv6(58, "::", All6, [128, 0, .. Data]))),
        ("later fragment from no IPv6 address", V6(Ipv6(44, "::", All6, [.. FragmentHeader(58, 64, false), .. Data]))),
        ("advertisement of another's address", V6(Ipv6(58, Own6, All6, Neighbour(136, Other6, LinkOption(2, Own))))),
        ("advertisement with another's MAC", V6(Ipv6(58, Own6, All6, Neighbour(136, Own6, LinkOption(2, Other))))),
        ("advertisement with another's MAC in its second option",
            V6(Ipv6(58, Own6, All6, Neighbour(136, Own6, [.. LinkOption(2, Own), .. LinkOption(2, Other)])))),
        ("advertisement of a group", V6(Ipv6(58, Own6, All6, Neighbour(136, "ff02::d", [])))),
        ("advertisement behind a header", V6(Ipv6(60, Own6, All6, [.. Extension(58), .. Neighbour(136, Other6, LinkOption(2, Own))]))),
        ("advertisement in a fragment", V6(Ipv6(44, Own6, All6, [.. FragmentHeader(58, 0, true), .. Neighbour(136, Other6, LinkOption(2, Own))]))),
        ("solicitation with another's MAC", V6(Ipv6(58, Own6, All6, Neighbour(135, Other6, LinkOption(1, Other))))),
        ("is another's address free", V6(Ipv6(58, "::", All6, Neighbour(135, Other6, [])))),
        ("is another's address free, with a nonce", V6(Ipv6(58, "::", All6, Neighbour(135, Other6, Nonce)))),
        ("router solicitation with another's MAC", V6(Ipv6(58, Own6, "ff02::2", [133, 0, 0, 0, 0, 0, 0, 0, .. LinkOption(1, Other)]))),
        ("router advertisement", V6(Ipv6(58, Own6, All6, [134, 0, .. Data]))),
        ("router advertisement behind a header", V6(Ipv6(0, Own6, All6, [.. Extension(58), 134, 0, .. Data]))),
        ("redirect", V6(Ipv6(58, Own6, All6, [137, 0, .. Data]))),
        ("VLAN tag around its own", Ethernet(Broadcast, Own, 0x8100, Tagged(5, 0x0800, Ipv4(17, Own4, Server4, Udp(1000, 2000, Data))))),
        ("priority tag around its own", Ethernet(Broadcast, Own, 0x8100, Tagged(0xE000, 0x0806, Arp(1, Own, Own4, Nobody, Server4)))),
        ("provider tag around its own", Ethernet(Broadcast, Own, 0x88A8, Tagged(5, 0x0800, Ipv4(17, Own4, Server4, Udp(1000, 2000, Data))))),
        ("another type", Ethernet(Broadcast, Own, 0x8863, Data)),
        ("LLC", Ethernet(Broadcast, Own, 38, [0x42, 0x42, 3, .. Data])),
    ];

    public static TheoryData<string> OwnNames => [.. OwnFrames.Select(item => item.Name)];

    public static TheoryData<string> ForeignNames => [.. ForeignFrames.Select(item => item.Name)];

    public void Dispose()
    {
        foreach (var part in (IDisposable[])[_platform, _tap, _filter, _bridge]) part.Dispose();
    }

    [Theory]
    [MemberData(nameof(OwnNames))]
    public void OwnFramePassesTheKernel(string name)
    {
        var frame = OwnFrames.Single(item => item.Name == name).Frame;
        Passed(frame).ShouldBe([frame]);
    }

    [Theory]
    [MemberData(nameof(ForeignNames))]
    public void ForeignFrameEndsInTheKernel(string name) => Passed(ForeignFrames.Single(item => item.Name == name).Frame).ShouldBeEmpty();

    [Fact]
    public async Task HundredThousandSourcesPassNothingAndTheSetsStayAsTheyAre()
    {
        var before = await Elements();
        var random = new Random(3);
        var (mac, address4, address6) = (new byte[6], new byte[4], new byte[16]);
        for (var i = 0; i < 100_000; i++)
        {
            foreach (var part in (byte[][])[mac, address4, address6]) random.NextBytes(part);
            mac[0] &= 0xFE;
            var (text4, text6) = (new IPAddress(address4).ToString(), new IPAddress(address6).ToString());
            _tap.WriteFrame((i % 4) switch
            {
                0 => Marker(mac, 7),
                1 => V4(Ipv4(17, text4, Server4, Udp(1000, 2000, Data))),
                2 => V6(Ipv6(17, text6, All6, Udp(1000, 2000, Data))),
                _ => Arped(Arp(1 + (i & 1), Own, text4, Nobody, Server4)),
            });
        }

        Passed().ShouldBeEmpty();
        (await Elements()).ShouldBe(before);
        (await Dropped()).ShouldBeGreaterThanOrEqualTo(100_000);
    }

    [Fact]
    public void PortThatTheFilterDoesNotKnowSaysNothing()
    {
        using var stranger = OpenUnlocked("wn-stranger");
        foreach (var (_, frame) in OwnFrames) stranger.WriteFrame(frame);
        Passed().ShouldBeEmpty();
    }

    [Fact]
    public void PortsOfOthersAreNotAsked()
    {
        using var other = new PlatformPort(_bridgeName);
        foreach (var (_, frame) in ForeignFrames) other.Send(frame);
        other.Send(Marker(Own, 9));
        var arrived = _platform.ReceiveUntil(IsMarker(9));
        foreach (var (name, frame) in ForeignFrames.Where(item => !item.Name.Contains("tag", StringComparison.Ordinal)))
            arrived.Exists(seen => seen.AsSpan().SequenceEqual(frame)).ShouldBeTrue(name);
    }

    [Fact]
    public async Task AddressComesAndGoesAtOnce()
    {
        var frame = V4(Ipv4(17, Other4, Server4, Udp(1000, 2000, Data)));
        Passed(frame).ShouldBeEmpty();
        _filter.Allow(Port, [Number(Own4), Number(Other4)]);
        Passed(frame).ShouldBe([frame]);
        Passed(V4(Ipv4(17, Second4, Server4, Udp(1000, 2000, Data)))).ShouldBeEmpty();
        _filter.Allow(Port, [Number(Own4)]);
        Passed(frame).ShouldBeEmpty();
        (await Elements()).ShouldBe([$"addresses {Port} {Own4}", $"identifiers {Port} ::5054:ff:fe00:c", $"stations {Port} 52:54:00:00:00:0c"]);

        _filter.Close(Port);
        (await Elements()).ShouldBeEmpty();
        foreach (var (_, own) in OwnFrames) _tap.WriteFrame(own);
        _filter.Open(Port, OwnMac, []);
        Passed().ShouldBeEmpty();
    }

    [Fact]
    public async Task RefusedChangeChangesNothing()
    {
        var before = await Elements();
        using var table = new NftTable("waltvpn-test", [Spare], []);
        table.Change([], [(Spare, Spare.Key("a", [10, 0, 0, 1]))]);
        var refused = () => table.Change([(Spare, Spare.Key("b", [10, 0, 0, 1]))], [(Spare, Spare.Key("c", [10, 0, 0, 2]))]);
        Should.Throw<ErrnoException>(refused).Errno.ShouldBe(Errno.ENOENT);
        (await Elements("waltvpn-test")).ShouldBe(["spare a 10.0.0.1"]);
        table.Change([(Spare, Spare.Key("a", [10, 0, 0, 1]))], [(Spare, Spare.Key("c", [10, 0, 0, 2]))]);
        (await Elements("waltvpn-test")).ShouldBe(["spare c 10.0.0.2"]);
        (await Elements()).ShouldBe(before);
    }

    [Fact]
    public async Task NobodyElseMakesFlushesOrChangesTheTable()
    {
        Should.Throw<IOException>(() => new KernelFilter()).Message.ShouldContain("a hub runs already");
        await Tools.Run("nft", "add", "table", "bridge", "stranger");
        // What Debian's nftables.service does when it is reloaded.
        await Tools.Run("nft", "flush", "ruleset");
        (await Tools.Run("nft", "list", "tables")).ShouldContain("table bridge waltvpn");
        (await Tools.Fail("nft", "delete", "table", "bridge", "waltvpn")).ShouldContain("not permitted");
        (await Tools.Fail("nft", "add", "element", "bridge", "waltvpn", "addresses", $"{{ {Port} . {Other4} }}")).ShouldContain("not permitted");
        Passed(V4(Ipv4(17, Other4, Server4, Udp(1000, 2000, Data)))).ShouldBeEmpty();
    }

    [Fact]
    public async Task OtherTablesStayWhenItComesAndGoes()
    {
        await Tools.Run("nft", "add", "table", "bridge", "before");
        await Tools.Run("nft", "add", "table", "inet", "waltvpn");
        try
        {
            _filter.Dispose();
            (await Tools.Run("nft", "list", "tables")).ShouldNotContain("bridge waltvpn");
            using (new KernelFilter()) (await Tools.Run("nft", "list", "tables")).ShouldContain("bridge waltvpn");
            var left = await Tools.Run("nft", "list", "tables");
            left.ShouldContain("table bridge before");
            left.ShouldContain("table inet waltvpn");
            left.ShouldNotContain("bridge waltvpn");
        }
        finally
        {
            await Tools.Run("nft", "flush", "ruleset");
        }
    }

    [Fact]
    public async Task ForeignTableOfThatNameIsNamedWithItsRemedy()
    {
        _filter.Dispose();
        await Tools.Run("nft", "add", "table", "bridge", "waltvpn");
        try
        {
            Should.Throw<IOException>(() => new KernelFilter()).Message.ShouldContain("nft delete table bridge waltvpn");
        }
        finally
        {
            await Tools.Run("nft", "delete", "table", "bridge", "waltvpn");
        }
    }

    private static uint Number(string address) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(IPAddress.Parse(address).GetAddressBytes());

    private static byte[] Arped(byte[] packet) => Ethernet(Broadcast, Own, 0x0806, packet);

    private static byte[] V4(byte[] packet) => Ethernet(Broadcast, Own, 0x0800, packet);

    private static byte[] V6(byte[] packet) => Ethernet(Broadcast, Own, 0x86DD, packet);

    // A node's port that the bridge itself lets everything through.
    private FileDescriptor OpenUnlocked(string name)
    {
        var tap = _bridge.OpenPort(name, OwnMac).Tap;
        using var rtnetlink = new Rtnetlink();
        rtnetlink.SetBridgePort(name, new BridgePort { Learning = false, Locked = false, Isolated = false });
        return tap;
    }

    // What of these the platform got.
    private List<byte[]> Passed(params byte[][] frames)
    {
        foreach (var frame in frames) _tap.WriteFrame(frame);
        _tap.WriteFrame(Marker(Own, 200));
        // The bridge is a station too, and reports its groups.
        using var rtnetlink = new Rtnetlink();
        var bridge = rtnetlink.FindLink(_bridgeName)!.MacAddress;
        return [.. _platform.ReceiveUntil(IsMarker(200))[..^1].Where(frame => !frame.AsSpan(6, 6).SequenceEqual(bridge))];
    }

    private static Task<IReadOnlyList<string>> Elements(string table = "waltvpn") => NftListing.Elements(table);

    private static async Task<long> Dropped() =>
        Regex.Matches(await Tools.Run("nft", "list", "table", "bridge", "waltvpn"), @"counter packets (\d+) bytes \d+ drop")
            .Sum(match => long.Parse(match.Groups[1].Value));
}

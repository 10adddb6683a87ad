using Shouldly;
using WaltVpn.Hub.Serve;
using WaltVpn.Protocol;
using Xunit;
using static WaltVpn.Tunnel.Tests.Packets;

namespace WaltVpn.Tunnel.Tests.Namespaces;

/// <summary>Frames between nodes, hub and platform: docs/security.md L2-1, L2-2, L2-5.</summary>
/// <remarks><code>
///   node a ══ socket pair ══╗                       ╔══ TAP wn-aaaa… (locked, isolated) ══╗
///                           ╠══ waltvpn-hub serve ══╣                                     ╠══ bridge ══ TAP plat (the platform)
///   node b ══ socket pair ══╝                       ╚══ TAP wn-bbbb… (locked, isolated) ══╝
/// </code></remarks>
[Collection(OneNetwork.Name)]
public sealed class HubFramesTests : IAsyncLifetime
{
    private const string AddressA = "192.168.152.10";
    private const string ServerAddress = "192.168.152.1";
    private static readonly byte[] Nobody = new byte[6];
    private HubProcess _hub = null!;
    private PlatformPort _platform = null!;
    private NodeEnd _a = null!;
    private NodeEnd _b = null!;
    private byte _lastNumber = 100;

    public async ValueTask InitializeAsync()
    {
        _hub = await HubProcess.Start();
        _platform = new PlatformPort(_hub.BridgeName);
        _a = await _hub.Connect('a');
        _b = await _hub.Connect('b');
    }

    public ValueTask DisposeAsync()
    {
        foreach (var part in (IDisposable[])[_a, _b, _platform, _hub]) part.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public void FramesPassBothWaysOnceDhcpGaveAnAddress()
    {
        var ping = Ping(_a.MacBytes, AddressA, 1);
        _a.Send(ping, Marker(_a.MacBytes, 1));
        Arrived(_platform.ReceiveUntil(IsMarker(1))).ShouldBeEmpty();

        GiveAddress(_a, AddressA);
        _a.Send(ping, Marker(_a.MacBytes, 2));
        Arrived(_platform.ReceiveUntil(IsMarker(2))).ShouldBe([ping]);

        var answer = Ethernet(_a.MacBytes, PlatformPort.Mac, 0x0800, Ipv4(1, ServerAddress, AddressA, [0, 0, .. new byte[32]]));
        _platform.Send(answer);
        _a.ReceiveUntil(frame => frame.AsSpan().SequenceEqual(answer)).ShouldNotBeEmpty();

        var session = _hub.Sessions.Single(session => session.NodeId == _a.Id);
        session.Addresses.ShouldBe([AddressA]);
        session.Tap.ShouldBe("wn-aaaaaaaaaaaa");
        session.VpnMac.ShouldBe(_a.Mac);
        session.CertificateSerial.ShouldBe(7ul);
        // Two markers, a DHCP request, a ping.
        session.FramesFromNode.ShouldBe(4);
        session.FramesRefused.ShouldBe(1);
        session.FramesToNode.ShouldBeGreaterThanOrEqualTo(2);
    }

    [Fact]
    public void NodesAreIsolatedFromEachOther()
    {
        _a.Send(Marker(_a.MacBytes, 1), [.. _b.MacBytes, .. Marker(_a.MacBytes, 4)[6..]]);
        _a.Send(Marker(_a.MacBytes, 2));
        _platform.ReceiveUntil(IsMarker(2));
        _platform.Send(Marker(PlatformPort.Mac, 3));
        _b.ReceiveUntil(IsMarker(3)).Count(frame => frame.AsSpan(6, 6).SequenceEqual(_a.MacBytes)).ShouldBe(0);
    }

    [Fact]
    public void SpoofedFramesAreDroppedAndCounted()
    {
        GiveAddress(_a, AddressA);
        byte[][] spoofed =
        [
            Ping(_b.MacBytes, AddressA, 1),
            Ping(_a.MacBytes, "192.168.152.11", 2),
            Ethernet(Broadcast, _a.MacBytes, 0x0806, Arp(2, _a.MacBytes, ServerAddress, Nobody, ServerAddress)),
            Ethernet(Broadcast, _a.MacBytes, 0x0806, Arp(1, _b.MacBytes, AddressA, Nobody, ServerAddress)),
            Ethernet(Broadcast, _a.MacBytes, 0x86DD,
                Ipv6(58, "fe80::5054:ff:fe00:b", "ff02::1", Neighbour(136, "fe80::5054:ff:fe00:b", LinkOption(2, _a.MacBytes)))),
            Ethernet(Broadcast, _a.MacBytes, 0x86DD, Ipv6(58, "fe80::5054:ff:fe00:a", "ff02::1", [134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0])),
            Ethernet(Broadcast, _a.MacBytes, 0x0800, Ipv4(17, AddressA, "255.255.255.255", Udp(67, 68, Dhcp(2, 5, _b.MacBytes, "192.168.152.66")))),
            Ethernet([0x01, 0x80, 0xC2, 0, 0, 0], _a.MacBytes, 38, new byte[38]),
            Ethernet(Broadcast, _a.MacBytes, 0x8100, Tagged(5, 0x0800, Ping(_a.MacBytes, AddressA, 3)[14..])),
            Ethernet(Broadcast, _a.MacBytes, 0x0806, Arp(1, _a.MacBytes, "0.0.0.0", Nobody, ServerAddress)),
            Request(_a, Dhcp(1, 3, _a.MacBytes, options: [61, 7, 1, .. _b.MacBytes])),
        ];
        _a.Send([.. spoofed, Marker(_a.MacBytes, 9)]);
        Arrived(_platform.ReceiveUntil(IsMarker(9))).ShouldBeEmpty();
        _hub.Sessions.Single(session => session.NodeId == _a.Id).FramesRefused.ShouldBe(spoofed.Length);
    }

    [Fact]
    public void TaggedFramesDoNotReachTheNode()
    {
        var tagged = Tagged(5, 0x0800, Ipv4(17, ServerAddress, AddressA, Udp(1, 2, new byte[32])));
        foreach (var type in (int[])[0x8100, 0x88A8, 0x9100]) _platform.Send(Ethernet(Broadcast, PlatformPort.Mac, type, tagged));
        _platform.Send(Marker(PlatformPort.Mac, 1));
        _a.ReceiveUntil(IsMarker(1)).Count(frame => frame.AsSpan(6, 6).SequenceEqual(PlatformPort.Mac)).ShouldBe(1);
    }

    [Fact]
    public void AcknowledgementNobodyAskedForTeachesNothing()
    {
        Acknowledge(_a, AddressA, 1);
        _hub.Sessions.Single(session => session.NodeId == _a.Id).Addresses.ShouldBeEmpty();
    }

    [Fact]
    public async Task AddressOfTheBridgeItselfIsNotLearned()
    {
        await Tools.Run("ip", "address", "add", "192.168.152.2/24", "dev", _hub.BridgeName);
        GiveAddress(_a, "192.168.152.2");
        _hub.Sessions.Single(session => session.NodeId == _a.Id).Addresses.ShouldBeEmpty();
        GiveAddress(_a, AddressA);
        _hub.Sessions.Single(session => session.NodeId == _a.Id).Addresses.ShouldBe([AddressA]);
    }

    [Fact]
    public void ReleasedAddressIsTheNodesNoMore()
    {
        GiveAddress(_a, AddressA);
        var message = Dhcp(1, 7, _a.MacBytes, had: AddressA);
        var release = Ethernet(PlatformPort.Mac, _a.MacBytes, 0x0800, Ipv4(17, AddressA, ServerAddress, Udp(68, 67, message)));
        _a.Send(release, Ping(_a.MacBytes, AddressA, 1), Marker(_a.MacBytes, 1));
        Arrived(_platform.ReceiveUntil(IsMarker(1))).ShouldBe([release]);
        _hub.Sessions.Single(session => session.NodeId == _a.Id).Addresses.ShouldBeEmpty();
    }

    [Fact]
    public async Task RenewalIsNeitherLoggedNorWrittenAgain()
    {
        GiveAddress(_a, AddressA);
        (await _hub.Logged("DHCP gave")).ShouldContain(AddressA);
        var file = Path.Combine(_hub.Folder, "addresses", _a.Mac.ToString().Replace(':', '-'));
        File.Exists(file).ShouldBeTrue();
        File.Delete(file);
        for (var round = 0; round < 100; round++) GiveAddress(_a, AddressA);
        File.Exists(file).ShouldBeFalse();
        GiveAddress(_a, "192.168.152.11");
        (await _hub.Logged("DHCP gave")).ShouldContain("192.168.152.11");
    }

    [Fact]
    public async Task LockedPortDropsForeignAddressesAlsoWithoutTheRelay()
    {
        // A port made as the hub makes it, under a name that the kernel's filter leaves alone, written to directly.
        using var bridge = new Bridge(_hub.BridgeName);
        var own = MacAddress.Parse("52:54:00:00:00:0c");
        using var tap = bridge.OpenPort("direct", own).Tap;
        var before = await StationCount();
        var random = new Random(1);
        var source = new byte[6];
        for (var i = 0; i < 100_000; i++)
        {
            random.NextBytes(source);
            source[0] &= 0xFE;
            tap.WriteFrame(Marker(source, 7));
        }

        tap.WriteFrame(Marker(_a.MacBytes, 7));
        tap.WriteFrame(Marker(PlatformPort.Mac, 7));
        tap.WriteFrame(Marker(Bytes(own), 8));
        _platform.ReceiveUntil(IsMarker(8)).Count(frame => IsMarker(7)(frame)).ShouldBe(0);
        (await StationCount()).ShouldBe(before);
    }

    [Fact]
    public async Task KernelKnowsAnAddressBeforeTheNodeDoesAndForgetsItWithTheLease()
    {
        string[] identity = [$"identifiers wn-aaaaaaaaaaaa ::5054:ff:fe00:a", "stations wn-aaaaaaaaaaaa 52:54:00:00:00:0a"];
        (await OfNodeA()).ShouldBe(identity);
        // Its acknowledgement, and at once a ping from the address: the node is answered only when the kernel knows.
        for (var round = 0; round < 20; round++)
        {
            GiveAddress(_a, AddressA);
            var ping = Ping(_a.MacBytes, AddressA, (byte)round);
            _a.Send(ping, Marker(_a.MacBytes, 3));
            Arrived(_platform.ReceiveUntil(IsMarker(3))).ShouldBe([ping]);
            (await OfNodeA()).ShouldBe([$"addresses wn-aaaaaaaaaaaa {AddressA}", .. identity]);
            var release = Udp(68, 67, Dhcp(1, 7, _a.MacBytes, had: AddressA));
            _a.Send(Ethernet(PlatformPort.Mac, _a.MacBytes, 0x0800, Ipv4(17, AddressA, ServerAddress, release)), Marker(_a.MacBytes, 4));
            Arrived(_platform.ReceiveUntil(IsMarker(4))).Count.ShouldBe(1);
            (await OfNodeA()).ShouldBe(identity);
        }
    }

    [Fact]
    public async Task AddressThatMovesToAnotherNodeLeavesTheFirstOneInTheKernelToo()
    {
        GiveAddress(_a, AddressA);
        GiveAddress(_b, AddressA);
        var addresses = (await NftListing.Elements()).Where(element => element.StartsWith("addresses ", StringComparison.Ordinal));
        addresses.ShouldBe([$"addresses wn-bbbbbbbbbbbb {AddressA}"]);
    }

    [Fact]
    public async Task HundredThousandSourceAddressesLeaveTheTableAlone()
    {
        // The platform's own station is in the table from its first frame on.
        _platform.Send(Marker(PlatformPort.Mac, 1));
        _a.ReceiveUntil(IsMarker(1));
        var before = await StationCount();
        var random = new Random(2);
        var source = new byte[6];
        for (var i = 0; i < 100_000; i++)
        {
            random.NextBytes(source);
            source[0] &= 0xFE;
            _a.Send(Marker(source, 7));
        }

        _a.Send(Marker(_a.MacBytes, 8));
        _platform.ReceiveUntil(IsMarker(8)).Count(frame => IsMarker(7)(frame)).ShouldBe(0);
        (await StationCount()).ShouldBe(before);
        _hub.Sessions.Single(session => session.NodeId == _a.Id).FramesRefused.ShouldBe(100_000);
    }

    [Fact]
    public async Task AddressesSurviveTheHub()
    {
        GiveAddress(_a, AddressA);
        _hub.Signal("KILL");
        await _hub.WaitForExit();
        using var again = await HubProcess.Start(_hub.Folder, _hub.BridgeName);
        using var node = await again.Connect('a');
        var ping = Ping(node.MacBytes, AddressA, 4);
        node.Send(ping);
        _platform.ReceiveUntil(frame => frame.AsSpan().SequenceEqual(ping)).ShouldNotBeEmpty();
        (await OfNodeA()).ShouldContain($"addresses wn-aaaaaaaaaaaa {AddressA}");
    }

    [Fact]
    public void WrongLengthEndsOneTunnelWithAReason()
    {
        _a.Stream.Write([0x05, 0xEF, 1, 2, 3]);
        HubProcess.ReadToEnd(_a.Connection!).ShouldBe("ended: the node announced a frame of 1519 bytes: not a tunnel\n");
        _b.Send(Marker(_b.MacBytes, 5));
        _platform.ReceiveUntil(IsMarker(5)).ShouldNotBeEmpty();
        _hub.Sessions.Select(session => session.NodeId).ShouldBe([_b.Id]);
    }

    private static byte[] Ping(byte[] source, string from, byte number) =>
        Ethernet(PlatformPort.Mac, source, 0x0800, Ipv4(1, from, ServerAddress, [8, 0, 0, 0, number, .. new byte[32]]));

    // What came to the platform from nodes, markers aside.
    private static List<byte[]> Arrived(List<byte[]> frames) =>
        [.. frames.Where(frame => frame[6] == 0x52 && !IsAnyMarker(frame))];

    private static byte[] Request(NodeEnd node, byte[] message) =>
        Ethernet(Broadcast, node.MacBytes, 0x0800, Ipv4(17, "0.0.0.0", "255.255.255.255", Udp(68, 67, message)));

    private void GiveAddress(NodeEnd node, string address)
    {
        var request = Request(node, Dhcp(1, 3, node.MacBytes));
        node.Send(request);
        _platform.ReceiveUntil(frame => frame.AsSpan().SequenceEqual(request));
        // A number of its own: both nodes hear each marker, and an old one would be taken for this one's.
        Acknowledge(node, address, ++_lastNumber);
    }

    private void Acknowledge(NodeEnd node, string address, byte number)
    {
        var message = Dhcp(2, 5, node.MacBytes, address, [.. AddressOption(54, ServerAddress), .. LeaseTime(3600)]);
        _platform.Send(Ethernet(node.MacBytes, PlatformPort.Mac, 0x0800, Ipv4(17, ServerAddress, address, Udp(67, 68, message))));
        _platform.Send(Marker(PlatformPort.Mac, number));
        node.ReceiveUntil(IsMarker(number));
    }

    private static async Task<IEnumerable<string>> OfNodeA() =>
        (await NftListing.Elements()).Where(element => element.Contains("wn-aaaa", StringComparison.Ordinal));

    private async Task<int> StationCount() => (await Tools.Run("bridge", "fdb", "show", "br", _hub.BridgeName)).Split('\n').Length;
}

using System.Globalization;
using System.Text.RegularExpressions;
using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using Xunit;
using static WaltVpn.Tunnel.Tests.Packets;

namespace WaltVpn.Integration.Tests.Namespaces;

/// <summary>What a node cannot send, from its own TAP: docs/security.md L2-5, L2-6.</summary>
/// <remarks><code>
///   netns node-a: packet socket ── walt-vpn (TAP) ── pump ── ssh ═══ sshd ── hub ── TAP ──╮
///   netns node-b: packet socket ── walt-vpn (TAP) ── pump ── ssh ═══ sshd ── hub ── TAP ──┼── walt-net ── witness (TAP)
/// </code></remarks>
public sealed partial class AddressRulesTests(RunningPlatform platform) : PlatformTest(platform)
{
    private static readonly byte[] Nobody = new byte[6];

    [Fact]
    public async Task SpoofedFramesNeverReachTheBridge()
    {
        var (a, b) = (await Online(), await Online());
        using var witness = await Witness.Join();
        using var port = a.OpenRawPort();
        await port.Ready();
        var spoofed = Spoofed(a, b).ToList();
        var refusedBefore = (await RunningPlatform.Node(a.Node.Identity.NodeId)).Tunnel!.FramesRefused;
        await port.Send([.. spoofed, Marker(a.Mac, 1)]);
        witness.ReceiveUntil(IsMarker(1)).Count(frame => spoofed.Any(bad => frame.AsSpan().StartsWith(bad))).ShouldBe(0);
        var refused = (await RunningPlatform.Node(a.Node.Identity.NodeId)).Tunnel!.FramesRefused - refusedBefore;
        refused.ShouldBeGreaterThanOrEqualTo(spoofed.Count);

        // The same shapes with the node's own addresses pass: what stopped the others was the address.
        byte[][] honest =
        [
            Ethernet(Broadcast, a.Mac, 0x0806, Arp(1, a.Mac, a.Address, Nobody, "10.77.0.9")),
            Ethernet(Broadcast, a.Mac, 0x0800, Ping(a.Address)),
        ];
        await port.Send([.. honest, Marker(a.Mac, 2)]);
        var arrived = witness.ReceiveUntil(IsMarker(2));
        foreach (var frame in honest) arrived.Count(seen => seen.AsSpan().SequenceEqual(frame)).ShouldBe(1);
    }

    [Fact]
    public async Task NodesAreIsolatedFromEachOther()
    {
        var (a, b) = (await Online(), await Online());
        using var witness = await Witness.Join();
        using var sender = a.OpenRawPort();
        using var receiver = b.OpenRawPort();
        await sender.Ready();
        await receiver.Ready();
        await sender.Send(Marker(a.Mac, 1), Ethernet(b.Mac, a.Mac, 0x0800, Ping(a.Address)), Marker(a.Mac, 2));
        witness.ReceiveUntil(IsMarker(2)).ShouldContain(frame => IsMarker(1)(frame));
        witness.Send(Marker(Witness.Mac, 3));
        (await receiver.ReceiveUntil(IsMarker(3))).Count(frame => frame.AsSpan(6, 6).SequenceEqual(a.Mac)).ShouldBe(0);
        (await a.Reaches(b.Address)).ShouldBeFalse();
        await a.AwaitPing();
        await b.AwaitPing();
    }

    [Fact]
    public async Task WhatARealNodeSaysAndTheHubLetsThroughTheKernelLetsThroughToo()
    {
        var node = await Online();
        var before = await DroppedByTheKernel();
        await node.AwaitPing();
        // Neighbour discovery, membership reports, and pings in fragments, by the node's own kernel.
        await node.Inside("ip", "address", "add", "2001:db8:77::5/64", "dev", "walt-vpn", "nodad");
        await node.Inside("ip", "maddress", "add", "33:33:00:00:12:34", "dev", "walt-vpn");
        await node.Inside("ping", "-c", "1", "-W", "30", "-s", "4000", RunningPlatform.LanAddress);
        await node.Inside("ip", "link", "set", "walt-vpn", "down");
        await node.Inside("ip", "link", "set", "walt-vpn", "up");
        await node.Dhcp();
        await node.AwaitPing();
        (await DroppedByTheKernel()).ShouldBe(before);
    }

    // By all rules together: what nft(8) shows behind "counter packets".
    private static async Task<long> DroppedByTheKernel() =>
        Dropped().Matches(await Tool.Succeed("nft", "list", "table", "bridge", "waltvpn"))
            .Sum(match => long.Parse(match.Groups["packets"].Value, CultureInfo.InvariantCulture));

    [GeneratedRegex(@"counter packets (?<packets>\d+) bytes \d+ drop")]
    private static partial Regex Dropped();

    private static IEnumerable<byte[]> Spoofed(NodeTunnel a, NodeTunnel b)
    {
        // Another MAC: a random one, the neighbour's, the witness's, a group's.
        foreach (var mac in (byte[][])[[0x02, 1, 2, 3, 4, 5], b.Mac, Witness.Mac, [0x01, 0, 0x5E, 0, 0, 1]])
            yield return Ethernet(Broadcast, mac, 0x0800, Ping(a.Address));
        // ARP: another sender in either of its two places, and the server's address.
        yield return Ethernet(Broadcast, a.Mac, 0x0806, Arp(2, b.Mac, a.Address, Nobody, a.Address));
        yield return Ethernet(Broadcast, a.Mac, 0x0806, Arp(2, a.Mac, b.Address, Nobody, b.Address));
        yield return Ethernet(Broadcast, a.Mac, 0x0806, Arp(1, a.Mac, RunningPlatform.LanAddress, Nobody, RunningPlatform.LanAddress));
        // IPv4: the neighbour's, the server's, one nobody has.
        foreach (var address in (string[])[b.Address, RunningPlatform.LanAddress, "192.0.2.9"]) yield return Ethernet(Broadcast, a.Mac, 0x0800, Ping(address));
        // A DHCP server, also where its header hides behind a fragment.
        yield return Ethernet(Broadcast, a.Mac, 0x0800, Ipv4(17, a.Address, "255.255.255.255", Udp(67, 68, Dhcp(2, 5, b.Mac, "10.77.0.66"))));
        // DHCP as another client, about another's address, to a server that is none; and the answer to a client.
        byte[][] asked =
        [
            Dhcp(1, 3, b.Mac),
            Dhcp(1, 3, a.Mac, options: [61, 7, 1, .. b.Mac]),
            Dhcp(1, 7, a.Mac, had: b.Address),
            Dhcp(1, 3, a.Mac, options: [52, 1, 1]),
        ];
        foreach (var message in asked)
            yield return Ethernet(Broadcast, a.Mac, 0x0800, Ipv4(17, a.Address, "255.255.255.255", Udp(68, 67, message)));
        yield return Ethernet(Broadcast, a.Mac, 0x0800, Ipv4(17, a.Address, b.Address, Udp(68, 67, Dhcp(1, 3, a.Mac))));
        yield return Ethernet(Broadcast, a.Mac, 0x0800, Ipv4(17, a.Address, "255.255.255.255", Udp(1000, 68, Dhcp(2, 5, b.Mac, "10.77.0.66"))));
        // Probes for addresses of others.
        foreach (var address in (string[])[b.Address, RunningPlatform.LanAddress])
            yield return Ethernet(Broadcast, a.Mac, 0x0806, Arp(1, a.Mac, "0.0.0.0", Nobody, address));
        // Multicast routers: queries and PIM.
        yield return Ethernet(Broadcast, a.Mac, 0x0800, Ipv4(2, a.Address, "224.0.0.1", [0x11, 0, 0, 0, 0, 0, 0, 0]));
        yield return Ethernet(Broadcast, a.Mac, 0x0800, Ipv4(103, a.Address, "224.0.0.13", new byte[32]));
        yield return Ethernet(Broadcast, a.Mac, 0x86DD, Ipv6(0, LinkLocal(a.Mac), "ff02::1", [.. Extension(58), 130, 0, .. new byte[22]]));
        // IPv6: a foreign source, a neighbour advertisement and a router advertisement that lie.
        yield return Ethernet(Broadcast, a.Mac, 0x86DD, Ipv6(58, "fe80::1234", "ff02::1", [128, 0, 0, 0, 0, 1, 0, 1]));
        yield return Ethernet(Broadcast, a.Mac, 0x86DD, Ipv6(58, "fe80::1234", "ff02::1", Neighbour(136, "fe80::1234", LinkOption(2, a.Mac))));
        yield return Ethernet(Broadcast, a.Mac, 0x86DD, Ipv6(58, "fe80::1234", "ff02::1", [134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0]));
        // Spanning tree, PAUSE, LLDP, and tags around its own address.
        yield return Ethernet([0x01, 0x80, 0xC2, 0, 0, 0], a.Mac, 38, new byte[38]);
        yield return Ethernet([0x01, 0x80, 0xC2, 0, 0, 1], a.Mac, 0x8808, new byte[46]);
        yield return Ethernet([0x01, 0x80, 0xC2, 0, 0, 0x0E], a.Mac, 0x88CC, new byte[46]);
        foreach (var type in (int[])[0x8100, 0x88A8, 0x9100]) yield return Ethernet(Broadcast, a.Mac, type, Tagged(5, 0x0800, Ping(a.Address)));
    }

    private static byte[] Ping(string from) => Ipv4(1, from, "10.77.0.255", [8, 0, 0, 0, 0, 1, .. new byte[32]]);
}

using Shouldly;
using WaltVpn.Protocol;
using Xunit;
using static WaltVpn.Tunnel.Tests.Packets;

namespace WaltVpn.Tunnel.Tests.Unit;

/// <summary>docs/security.md L2-9: a header that is not true of its frame never reaches the kernel.</summary>
public sealed class VirtioNetRulesTests
{
    private static readonly byte[] Mac = [0x52, 0x54, 0, 0, 0, 0x0A];

    public static TheoryData<string> GoodKinds => ["plain", "checked", "tcp4", "udp4", "tcp6", "udp6 behind options", "large tcp4", "large tcp6", "ecn", "padded udp4"];

    [Theory]
    [MemberData(nameof(GoodKinds))]
    public void HeaderOfTheKernelsOwnPasses(string kind)
    {
        var (header, frame) = Good(kind);
        VirtioNetRules.Allow(header, frame).ShouldBeTrue();
    }

    [Theory]
    [MemberData(nameof(GoodKinds))]
    public void HeaderIsReadAsItWasWritten(string kind)
    {
        var (header, _) = Good(kind);
        var bytes = new byte[TunnelRecord.FrameHeaderLength];
        header.Write(bytes);
        VirtioNetHeader.Read(bytes).ShouldBe(header);
    }

    [Theory]
    [MemberData(nameof(GoodKinds))]
    public void AnyOtherValueOfTypeFlagsStartOrOffsetIsRefused(string kind)
    {
        var (header, frame) = Good(kind);
        for (var value = 0; value < 256; value++)
        {
            Check(header with { Segmentation = (Segmentation)value }, frame);
            Check(header with { Flags = (ChecksumState)value }, frame);
        }

        if (header.Flags != ChecksumState.Needed) return;
        for (var value = 0; value <= ushort.MaxValue; value++)
        {
            Check(header with { ChecksumStart = value }, frame);
            Check(header with { ChecksumOffset = value }, frame);
            Check(header with { SegmentSize = value }, frame);
            Check(header with { HeaderLength = value }, frame);
        }
    }

    [Theory]
    [InlineData("large tcp4")]
    [InlineData("large tcp6")]
    public void SegmentThatIsCutAnywhereIsRefused(string kind)
    {
        var (header, frame) = Good(kind);
        for (var length = TunnelFrame.MinLength; length < frame.Length; length++) VirtioNetRules.Allow(header, frame.AsSpan(0, length)).ShouldBeFalse();
        VirtioNetRules.Allow(header, [.. frame, 0]).ShouldBeFalse();
    }

    [Theory]
    [InlineData("tcp4")]
    [InlineData("udp4")]
    [InlineData("tcp6")]
    [InlineData("udp6 behind options")]
    public void ChecksumOfAFrameThatIsCutIsNotMade(string kind)
    {
        var (header, frame) = Good(kind);
        for (var length = TunnelFrame.MinLength; length < frame.Length; length++) VirtioNetRules.Allow(header, frame.AsSpan(0, length)).ShouldBeFalse();
    }

    [Fact]
    public void LongFrameIsASegmentOrNothing()
    {
        var frame = new byte[TunnelFrame.MaxLength + 1];
        VirtioNetRules.Allow(default, frame.AsSpan(0, TunnelFrame.MaxLength)).ShouldBeTrue();
        VirtioNetRules.Allow(default, frame).ShouldBeFalse();
        var (header, large) = Good("large tcp4");
        large.Length.ShouldBeGreaterThan(TunnelFrame.MaxLength);
        VirtioNetRules.Allow(header with { Segmentation = Segmentation.None }, large).ShouldBeFalse();
    }

    [Theory]
    [InlineData("fragment")]
    [InlineData("udp")]
    [InlineData("icmp")]
    [InlineData("tagged")]
    [InlineData("arp")]
    [InlineData("short tcp header")]
    [InlineData("long tcp header")]
    [InlineData("ip length")]
    public void SegmentsOfAnythingElseAreRefused(string what)
    {
        var (header, frame) = Good("large tcp4");
        switch (what)
        {
            case "fragment": frame[20] = 0x20; break;
            case "udp": frame[23] = 17; break;
            case "icmp": frame[23] = 1; break;
            case "tagged": (frame[12], frame[13]) = (0x81, 0); break;
            case "arp": (frame[12], frame[13]) = (0x08, 0x06); break;
            case "short tcp header": frame[46] = 0x40; break;
            case "long tcp header": frame[46] = 0xF0; break;
            default: frame[17]--; break;
        }

        VirtioNetRules.Allow(header, frame).ShouldBeFalse();
    }

    [Fact]
    public void WhateverIsAllowedWritesIntoTheTransportsChecksumAndNowhereElse()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var kinds = GoodKinds.Select(kind => kind.Data).ToArray();
        var bytes = new byte[TunnelRecord.FrameHeaderLength];
        var allowed = 0;
        for (var round = 0; round < 500_000; round++)
        {
            var (header, good) = Good(kinds[random.Next(kinds.Length)]);
            header.Write(bytes);
            for (var changes = random.Next(3); changes > 0; changes--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            var frame = good.AsSpan(0, random.Next(3) == 0 ? random.Next(TunnelFrame.MinLength, good.Length + 1) : good.Length);
            for (var changes = random.Next(3); changes > 0; changes--) frame[random.Next(Math.Min(frame.Length, 70))] = (byte)random.Next(256);
            header = VirtioNetHeader.Read(bytes);
            if (!VirtioNetRules.Allow(header, frame)) continue;
            allowed++;
            var largest = header.Segmentation == Segmentation.None ? TunnelFrame.MaxLength : TunnelRecord.MaxFrameLength;
            frame.Length.ShouldBeLessThanOrEqualTo(largest, $"seed {seed}, round {round}");
            if (header.Flags != ChecksumState.Needed) continue;
            // Behind the source addresses that the rules judged, inside the frame, and even the shortest IP header is not touched.
            header.ChecksumStart.ShouldBeGreaterThanOrEqualTo(34, $"seed {seed}, round {round}");
            (header.ChecksumStart + header.ChecksumOffset + 2).ShouldBeLessThanOrEqualTo(frame.Length, $"seed {seed}, round {round}");
            header.ChecksumOffset.ShouldBeOneOf([6, 16], $"seed {seed}, round {round}");
        }

        allowed.ShouldBeGreaterThan(10_000);
    }

    // Of one good header each field has few values that are true; they are found by a second reading of the rules.
    private static void Check(VirtioNetHeader header, byte[] frame) => VirtioNetRules.Allow(header, frame).ShouldBe(IsTrue(header, frame), $"{header}");

    private static bool IsTrue(VirtioNetHeader header, byte[] frame)
    {
        var isIpv4 = frame[12] == 0x08;
        var protocol = isIpv4 ? frame[23] : frame[20] == 0 ? frame[54] : frame[20];
        var transport = isIpv4 ? 34 : frame[20] == 0 ? 62 : 54;
        var ownChecksum = header.ChecksumStart == transport && header.ChecksumOffset == (protocol == 6 ? 16 : 6);
        return (int)header.Segmentation switch
        {
            0 => frame.Length <= 1518 && ((int)header.Flags is 0 or 2 || ((int)header.Flags == 1 && ownChecksum)),
            0x01 or 0x81 => isIpv4 && IsSegment(),
            0x04 or 0x84 => !isIpv4 && IsSegment(),
            _ => false,
        };

        bool IsSegment() => protocol == 6 && ownChecksum && (int)header.Flags == 1 && header.HeaderLength == transport + 20
            && header.SegmentSize >= 48 && transport + 20 + header.SegmentSize <= 1514;
    }

    private static (VirtioNetHeader Header, byte[] Frame) Good(string kind) => kind switch
    {
        "plain" => (default, Ipv4Frame(6, Tcp(100))),
        "checked" => (new(ChecksumState.Valid, Segmentation.None, 0, 0, 0, 0), Ipv4Frame(6, Tcp(100))),
        "tcp4" => (Needs(34, 16), Ipv4Frame(6, Tcp(100))),
        "udp4" => (Needs(34, 6), Ipv4Frame(17, Udp(1000, 2000, new byte[100]))),
        "padded udp4" => (Needs(34, 6), [.. Ipv4Frame(17, Udp(1000, 2000, [1])), .. new byte[17]]),
        "tcp6" => (Needs(54, 16), Ipv6Frame(6, Tcp(100))),
        "udp6 behind options" => (Needs(62, 6), Ipv6Frame(0, [.. Extension(17), .. Udp(1000, 2000, new byte[50])])),
        "large tcp4" => (Cut(Segmentation.Tcp4, 34, 1460), Ipv4Frame(6, Tcp(4000))),
        "large tcp6" => (Cut(Segmentation.Tcp6, 54, 1440), Ipv6Frame(6, Tcp(4000))),
        _ => (Cut(Segmentation.Tcp4Ecn, 34, 536), Ipv4Frame(6, Tcp(2000))),
    };

    private static VirtioNetHeader Needs(int start, int offset) => new(ChecksumState.Needed, Segmentation.None, 0, 0, start, offset);

    private static VirtioNetHeader Cut(Segmentation type, int transport, int size) => new(ChecksumState.Needed, type, transport + 20, size, transport, 16);

    private static byte[] Ipv4Frame(int protocol, byte[] payload) => Ethernet(Broadcast, Mac, 0x0800, Ipv4(protocol, "10.0.0.1", "10.0.0.2", payload));

    private static byte[] Ipv6Frame(int next, byte[] payload) => Ethernet(Broadcast, Mac, 0x86DD, Ipv6(next, "fe80::1", "fe80::2", payload));

    private static byte[] Tcp(int payload) => [0, 80, 0, 81, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 1, 0, 0, 0, 0, 0, .. new byte[payload]];
}

using System.Globalization;
using System.Text.RegularExpressions;
using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using Xunit;
using static WaltVpn.Tunnel.Tests.Packets;

namespace WaltVpn.Integration.Tests.Namespaces;

/// <summary>Peers that know only WalT's framing: docs/protocol.md "Version 0 (WalT)".</summary>
/// <remarks><code>
///   tests/vectors/tunnel-v0 ── ssh, no command ═══ sshd ── hub ── TAP ── walt-net ── witness (TAP)
/// </code></remarks>
public sealed partial class Version0Tests(RunningPlatform platform) : PlatformTest(platform)
{
    private static string VectorFolder => Path.Combine(AppContext.BaseDirectory, "vectors/tunnel-v0");

    [Fact]
    public async Task RecordedStreamsAreUnderstood()
    {
        var node = await NewNode();
        var files = Directory.GetFiles(VectorFolder, "*.hex").Order().ToList();
        files.Count.ShouldBeGreaterThan(8);
        foreach (var file in files)
        {
            var (stream, frames, refusedLength) = Load(file);
            using var client = await Version0Client.Connect(node);
            await client.Send(stream);
            if (refusedLength is not null)
            {
                (await client.Reason()).ShouldContain($"announced a frame of {refusedLength} bytes", customMessage: file);
                continue;
            }

            // The recorded addresses are not this node's: what is counted is that each frame was found where it is.
            await Eventually.Holds($"{Path.GetFileName(file)}: {frames} frames were found", async () =>
                (await RunningPlatform.Node(node.Identity.NodeId)).Tunnel is { } tunnel && tunnel.FramesFromNode + tunnel.FramesRefused == frames);
            client.EndInput();
            (await client.Reason()).ShouldContain("ended: the node closed the tunnel", customMessage: file);
        }
    }

    [Fact]
    public async Task FramesPassBothWaysWithoutAnyPreamble()
    {
        var node = await NewNode();
        using var witness = await Witness.Join();
        using var client = await Version0Client.Connect(node);
        var mac = Bytes(node.Identity.VpnMac);
        var question = Marker(mac, 1);
        await client.Send(Record(question));
        witness.ReceiveUntil(frame => frame.AsSpan().SequenceEqual(question)).ShouldNotBeEmpty();
        var answer = Ethernet(mac, Witness.Mac, 0x0806, Arp(1, Witness.Mac, "10.77.0.200", new byte[6], "10.77.0.201"));
        witness.Send(answer);
        (await client.ReceiveUntil(frame => frame.AsSpan().SequenceEqual(answer))).ShouldNotBeEmpty();
    }

    private static (byte[] Stream, int Frames, string? RefusedLength) Load(string file)
    {
        var lines = File.ReadAllLines(file);
        var expected = lines.Select(line => Expectation().Match(line)).Single(match => match.Success);
        var stream = Convert.FromHexString(string.Concat(lines.Where(line => !line.StartsWith('#'))).Replace(" ", "", StringComparison.Ordinal));
        var lengths = expected.Groups["lengths"].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var frames = lengths.Select(length => int.Parse(length, CultureInfo.InvariantCulture)).Count();
        return (stream, frames, expected.Groups["refused"] is { Success: true } refused ? refused.Value : null);
    }

    [GeneratedRegex(@"^# frames: (?<lengths>[0-9 ]*?) ?; end: (complete|inside|refused (?<refused>[0-9]+))$")]
    private static partial Regex Expectation();
}

using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Integration.Tests.Namespaces;

/// <summary>Bytes that are meant to do harm, over the real way in; the hundred thousand cases stand in the unit tests.</summary>
/// <remarks><code>
///   ssh (enrolment key) ═══ sshd ── waltvpn-hub enroll ── waltvpnd        JSON
///   ssh (certificate)   ═══ sshd ── hub ── TAP ── walt-net                streams
///   netns node-a: packet socket ── walt-vpn ── pump ── ssh ═══ hub        frames;  node b pings meanwhile
/// </code></remarks>
public sealed class HostileTests(RunningPlatform platform) : PlatformTest(platform)
{
    private const int Conversations = 200;
    private const int Streams = 25;
    private const int Frames = 5000;
    private const int AtOnce = 4;

    [Fact]
    public async Task EnrolmentThatIsNoneLeavesTheDaemonUp()
    {
        var board = await NewBoard();
        var (daemon, requests, nodes) = (RunningPlatform.Pid("waltvpnd"), (await RunningPlatform.Requests()).Count, (await RunningPlatform.Nodes()).Count);
        string sample;
        using (var conversation = await EnrollmentConversation.Open(board.Enrollment))
            // A signature over the challenge of another connection: whatever is changed, it stays unproved.
            sample = JsonSerializer.Serialize(await board.Request(conversation.Challenge), ProtocolJson.Default.EnrollmentRequest);
        var wrong = new ConcurrentBag<string>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = Cancellation };
        await Parallel.ForEachAsync(Enumerable.Range(0, Conversations), options, async (seed, _) =>
        {
            var line = Mutated(sample, seed);
            using var conversation = await EnrollmentConversation.Open(board.Enrollment);
            await conversation.SendLine(line);
            var rest = await conversation.Rest();
            if (rest.Length == 0) return;
            var answer = JsonSerializer.Deserialize(rest, ProtocolJson.Default.EnrollmentAnswer)!;
            if (answer.Status != EnrollmentStatus.Denied) wrong.Add($"{line}\n{rest}");
        });
        wrong.ShouldBeEmpty();
        RunningPlatform.Pid("waltvpnd").ShouldBe(daemon);
        ((await RunningPlatform.Requests()).Count, (await RunningPlatform.Nodes()).Count).ShouldBe((requests, nodes));
        await board.Join();
    }

    [Fact]
    public async Task StreamsAndFramesThatAreNoneLeaveHubAndOtherNodesUp()
    {
        var (other, hostile) = (await Online(), await Online());
        var hub = RunningPlatform.Pid("waltvpn-hub");
        using var pings = PingRun.Start(other);

        var node = await NewNode();
        for (var seed = 0; seed < Streams; seed++)
        {
            using var client = await Version0Client.Connect(node);
            await client.Send(RandomStream(new Random(seed)));
            client.EndInput();
            (await client.Reason()).ShouldContain("ended: the node ");
        }

        using var port = hostile.OpenRawPort();
        await port.Ready();
        var random = new Random(1);
        for (var count = 0; count < Frames; count++) await port.Send(RandomFrame(random, hostile.Mac));

        (await pings.Lost()).ShouldBe(0);
        RunningPlatform.Pid("waltvpn-hub").ShouldBe(hub);
        await hostile.AwaitPing();
    }

    private static string Mutated(string sample, int seed)
    {
        var random = new Random(seed);
        switch (seed % 8)
        {
            case 0:
                return sample[..random.Next(sample.Length)];
            case 1:
                return new string('[', random.Next(1, 16_000));
            case 2:
                return new string((char)random.Next(1, 0x7F), random.Next(1, 100_000)).Replace('\n', 'x');
            case 3:
                return sample.Replace("\"version\":1", $"\"version\":{random.NextInt64()}{random.NextInt64()}", StringComparison.Ordinal);
            case 4:
                return sample.Replace(":\"", ":{\"x\":\"", StringComparison.Ordinal);
            case 5:
                return sample.Replace("Test board", "\\u001b[2J\\u202e\\u0000" + new string('A', random.Next(20_000)), StringComparison.Ordinal);
            default:
                var bytes = Encoding.UTF8.GetBytes(sample);
                for (var change = random.Next(1, 8); change > 0; change--) bytes[random.Next(bytes.Length)] = (byte)random.Next(' ', 0x7F);
                return Encoding.UTF8.GetString(bytes);
        }
    }

    // Some good records, then a length that cannot be, or an end inside a frame.
    private static byte[] RandomStream(Random random)
    {
        var good = Enumerable.Range(0, random.Next(5)).SelectMany(_ => WaltVpn.Tunnel.Tests.Packets.Record(RandomFrame(random, new byte[6])));
        var tail = new byte[random.Next(2, 70_000)];
        random.NextBytes(tail);
        (tail[0], tail[1]) = random.Next(2) == 0 ? ((byte)0, (byte)random.Next(TunnelFrame.MinLength)) : ((byte)0xFF, (byte)0xFF);
        return [.. good, .. tail];
    }

    private static byte[] RandomFrame(Random random, byte[] source)
    {
        var frame = new byte[random.Next(TunnelFrame.MinLength, TunnelFrame.MaxLength - 4)];
        random.NextBytes(frame);
        source.CopyTo(frame, 6);
        byte[][] types = [[0x08, 0x00], [0x08, 0x06], [0x86, 0xDD], [0x81, 0x00], [0x88, 0xA8]];
        types[random.Next(types.Length)].CopyTo(frame, 12);
        return frame;
    }
}

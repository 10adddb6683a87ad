using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace WaltVpn.Tunnel.Tests.Unit;

/// <summary>The recorded streams of tests/vectors/tunnel-v2, whose README gives their form.</summary>
public sealed partial class Version2VectorTests
{
    private static readonly string[] s_types = ["", "hello", "frame", "ping", "pong", "control", "close"];

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "vectors/tunnel-v2");

    public static TheoryData<string> Files => [.. Directory.GetFiles(Folder, "*.hex").Select(file => Path.GetFileName(file)!).Order()];

    [Fact]
    public void ThereAreAcceptedAndRefusedOnes()
    {
        Files.Count(file => file.Data.StartsWith("accepted-", StringComparison.Ordinal)).ShouldBeGreaterThan(6);
        Files.Count(file => file.Data.StartsWith("refused-", StringComparison.Ordinal)).ShouldBeGreaterThan(10);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void StreamEndsAsItsFileSays(string name)
    {
        var (role, events, end, stream) = Load(name);
        using var side = new TunnelSide(role, version2: true, new HandClock());
        var step = TunnelStep.NeedMore;
        // One byte at a time; a node answers an offer before it reads on.
        for (var i = 0; i < stream.Length && step != TunnelStep.Refused; i++)
        {
            step = side.Receive(stream.AsSpan(i, 1));
            side.Compose();
        }

        var found = step == TunnelStep.Refused ? "refused" : side.Conversation.Reader.InsideFrame ? "inside" : "complete";
        found.ShouldBe(end, side.Conversation.Reason);
        side.Got.Select(frame => $"frame {frame.Length}").ShouldBe(events.Where(entry => entry.StartsWith("frame", StringComparison.Ordinal)));
        side.Conversation.UntrueHeaders.ShouldBe(events.Count(entry => entry == "untrue"));
        if (role == TunnelRole.Node) side.Words.Count.ShouldBe(events.Count(entry => entry == "control"));
        name.StartsWith("accepted-", StringComparison.Ordinal).ShouldBe(end == "complete");
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void EveryTruncationIsCompleteOrInsideUntilTheRefusal(string name)
    {
        var (role, _, end, stream) = Load(name);
        for (var length = 0; length < stream.Length; length++)
        {
            using var side = new TunnelSide(role, version2: true, new HandClock());
            if (side.Receive(stream.AsSpan(0, length)) == TunnelStep.Refused) end.ShouldBe("refused", $"{length} bytes");
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void FileSaysWhatIsInIt(string name)
    {
        var (role, events, _, stream) = Load(name);
        // What comes before the refusal; a header is not judged here.
        Plainly(role, stream).Take(events.Count).ShouldBe(events.Select(entry => entry == "untrue" ? "frame 42" : entry));
    }

    // A second reading of the format, written as plainly as it can be.
    private static IEnumerable<string> Plainly(TunnelRole role, byte[] stream)
    {
        var (hellos, position) = (0, 0);
        while (position + 2 <= stream.Length)
        {
            var records = hellos == (role == TunnelRole.Node ? 2 : 1);
            var length = (stream[position] * 256) + stream[position + 1];
            if (!records && length > 0)
            {
                yield return $"frame {length}";
                position += 2 + length;
                continue;
            }

            if (!records) position += 2;
            if (position + 4 > stream.Length) yield break;
            length = (stream[position + 1] * 65536) + (stream[position + 2] * 256) + stream[position + 3];
            var type = stream[position];
            if (position + 4 + length > stream.Length || type >= s_types.Length) yield break;
            yield return type == 2 ? $"frame {length - 10}" : s_types[type];
            if (type == 1) hellos++;
            position += 4 + length;
        }
    }

    private static (TunnelRole Role, List<string> Events, string End, byte[] Stream) Load(string name)
    {
        var lines = File.ReadAllLines(Path.Combine(Folder, name));
        var expected = lines.Select(line => Expectation().Match(line)).Single(match => match.Success).Groups;
        var stream = Convert.FromHexString(string.Concat(lines.Where(line => !line.StartsWith('#')).SelectMany(line => line.Split(' '))));
        var events = expected["events"].Value.Split(", ", StringSplitOptions.RemoveEmptyEntries).ToList();
        return (expected["role"].Value == "node" ? TunnelRole.Node : TunnelRole.Server, events, expected["end"].Value, stream);
    }

    [GeneratedRegex("^# (?<role>node|server) reads: (?<events>[a-z0-9, ]*?) ?; end: (?<end>complete|inside|refused)$")]
    private static partial Regex Expectation();
}

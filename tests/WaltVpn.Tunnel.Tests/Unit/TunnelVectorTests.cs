using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace WaltVpn.Tunnel.Tests.Unit;

/// <summary>The recorded streams of tests/vectors/tunnel-v0, whose README gives their form.</summary>
public sealed partial class TunnelVectorTests
{
    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "vectors/tunnel-v0"), "*.hex").Select(file => Path.GetFileName(file)!).Order()];

    [Fact]
    public void ThereAreAcceptedAndRefusedOnes()
    {
        Files.Count(file => file.Data.StartsWith("accepted-", StringComparison.Ordinal)).ShouldBeGreaterThan(3);
        Files.Count(file => file.Data.StartsWith("refused-", StringComparison.Ordinal)).ShouldBeGreaterThan(3);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void StreamEndsAsItsFileSays(string name)
    {
        var lines = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "vectors/tunnel-v0", name));
        var expected = lines.Select(line => Expectation().Match(line)).Single(match => match.Success);
        var stream = Convert.FromHexString(string.Concat(lines.Where(line => !line.StartsWith('#')).SelectMany(line => line.Split(' '))));

        var reader = new TunnelReader();
        stream.CopyTo(reader.Free);
        reader.Received(stream.Length);
        List<int> lengths = [];
        TunnelStep step;
        while ((step = reader.Next(out var frame)) == TunnelStep.Frame) lengths.Add(frame.Length);

        string.Join(' ', lengths).ShouldBe(expected.Groups["lengths"].Value);
        var end = step == TunnelStep.Refused ? Refusal().Replace(reader.Refused, "refused $1") : reader.InsideFrame ? "inside" : "complete";
        end.ShouldBe(expected.Groups["end"].Value);
        name.StartsWith("accepted-", StringComparison.Ordinal).ShouldBe(end == "complete");
    }

    [GeneratedRegex(@"^# frames: (?<lengths>[0-9 ]*?) ?; end: (?<end>complete|inside|refused [0-9]+)$")]
    private static partial Regex Expectation();

    [GeneratedRegex("^a frame of ([0-9]+) bytes$")]
    private static partial Regex Refusal();
}

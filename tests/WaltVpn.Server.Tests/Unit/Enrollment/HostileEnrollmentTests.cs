using System.Text;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Enrollment;

/// <summary>Hostile bytes on the enrolment socket.</summary>
public sealed class HostileEnrollmentTests
{
    private const int Cases = 100_000;
    private const string Key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAUEd4Ps4S9o58VUEv97wCTlcQKiExJqtIFdKnjVDtmc";
    private const string Valid =
        $$"""{"version":1,"publicKey":"{{Key}}","model":"Board","serial":"S1","mac":"52:54:00:11:22:33","signature":"AAAA"}""";

    private static readonly string[] Values =
    [
        "null", "0", "-1", "1e999", "\"\"", "[]", "{}", "true", "\"\\u0000\"", "\"\\ud800\"", "\"\e[2J\"", "\"\u202e\"", new string('[', 5000),
        "\"" + new string('A', 12000) + "\"", "\"'; DROP TABLE nodes; --\"", "\"$(id)\"", "\"../../etc/passwd\"",
    ];

    [Fact]
    public async Task AHundredThousandHostileConversationsHarmNothing()
    {
        await using var platform = await TestPlatform.Start();
        var options = new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = TestContext.Current.CancellationToken };
        await Parallel.ForAsync(0, Cases, options, async (number, _) =>
        {
            using var conversation = await Conversation.Open(platform.Settings.EnrollSocket);
            try
            {
                await conversation.WriteBytes(Make(new Random(number)));
                conversation.EndWriting();
                while (await conversation.ReadLine() is { } line) line.ShouldNotContain("accepted");
            }
            catch (IOException)
            {
                // It closed while we were still writing; that is an answer too.
            }
        });
        (await platform.Nodes()).ShouldBeEmpty();
        (await platform.Requests()).ShouldBeEmpty();
        platform.Log.Lines.ShouldNotContain(line => line.Contains("Exception", StringComparison.Ordinal));
        using var waiting = await (await TestNode.Make(platform, 1)).AskAndProve(platform, TestPlatform.Remote);
        await Wait.Until(async () => (await platform.Requests()).Count == 1);
    }

    /// <summary>One conversation: of noise, of a mutated valid request, of a request with a hostile value, or cut anywhere.</summary>
    private static byte[] Make(Random random)
    {
        var relay = random.Next(10) == 0 ? Noise(random, 200) : Encoding.ASCII.GetBytes(TestPlatform.Remote + "\n");
        byte[] body = random.Next(4) switch
        {
            0 => Noise(random, 2000),
            1 => Mutated(random),
            2 => Encoding.UTF8.GetBytes(WithValue(random) + "\n"),
            _ => [.. Encoding.UTF8.GetBytes(Valid + "\n"), .. Noise(random, 500), (byte)'\n'],
        };
        byte[] whole = [.. relay, .. body];
        return random.Next(3) == 0 ? whole[..random.Next(whole.Length)] : whole;
    }

    private static byte[] Noise(Random random, int most)
    {
        var bytes = new byte[random.Next(1, most)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Mutated(Random random)
    {
        var bytes = Encoding.UTF8.GetBytes(Valid + "\n");
        for (var flips = random.Next(1, 6); flips > 0; flips--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        return bytes;
    }

    private static string WithValue(Random random)
    {
        string[] members = ["version", "publicKey", "model", "serial", "mac", "signature"];
        var member = members[random.Next(members.Length)];
        return System.Text.RegularExpressions.Regex.Replace(
            Valid, $"(\"{member}\":)(\"[^\"]*\"|\\d+)", match => match.Groups[1].Value + Values[random.Next(Values.Length)]);
    }

    [Theory]
    [InlineData("Board\u001b[2J", "S1")]
    [InlineData("Board\u202e", "S1")]
    [InlineData("", "S1")]
    [InlineData("Board", "S 1")]
    [InlineData("Board", "S1\n")]
    [InlineData("Board", "<b>")]
    public async Task ClaimsOutsideTheGrammarAreDenied(string model, string serial)
    {
        await using var platform = await TestPlatform.Start();
        var node = await TestNode.Make(platform, 1);
        var (conversation, challenge) = await TestNode.Open(platform, TestPlatform.Remote);
        using var closing = conversation;
        var request = node.Request(await node.Sign(challenge.Platform, challenge.Nonce));
        await conversation.Write(request with { Model = model, Serial = serial }, ProtocolJson.Default.EnrollmentRequest);
        (await conversation.Read(ProtocolJson.Default.EnrollmentAnswer)).Status.ShouldBe(EnrollmentStatus.Denied);
    }
}

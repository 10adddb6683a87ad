using Shouldly;
using WaltVpn.Cli;
using WaltVpn.Protocol;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.Expected;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Expected;

/// <summary><c>waltvpn node import</c> and tags: docs/security.md ENR-3.</summary>
public sealed class ImportTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task BoardsOfTheListJoinOnceByThemselvesWithNameAndTagsAndAnAuditLine()
    {
        await using var platform = await TestPlatform.Start();
        var (bySerial, byMac, byKey) = (await TestNode.Make(platform, 1), await TestNode.Make(platform, 2), await TestNode.Make(platform, 3));
        var (status, output) = await Import(
            platform,
            $"""
            # Boards of the roof.
            name,serial,mac,key,tags
            roof-north,S1,,,lab lyon
            ,,"{byMac.Mac.ToUpperInvariant()}",,
            vault,,,{byKey.PublicKey} somebody@somewhere,"lab"

            """);
        status.ShouldBe(0, output);
        output.ShouldContain("3 boards are expected now");
        (await platform.Waltvpn("node", "expected", "list")).Output.ShouldContain("serial S1");

        // Without the list they would wait; a stranger still does.
        foreach (var board in (TestNode[])[bySerial, byMac, byKey]) (await board.Enroll(platform, TestPlatform.Remote)).Status.ShouldBe(EnrollmentStatus.Accepted);
        using (await (await TestNode.Make(platform, 9)).AskAndProve(platform, TestPlatform.Remote)) await platform.OnePending();
        var nodes = (await platform.Nodes()).OrderBy(node => node.Serial, StringComparer.Ordinal).ToList();
        nodes.Select(node => (node.Serial, string.Join(' ', node.Tags ?? []))).ShouldBe([("S1", "lab lyon"), ("S2", ""), ("S3", "lab")]);
        nodes.Select(node => node.Name).ShouldBe(["roof-north", $"node-{nodes[1].VpnMac.ToString()[9..].Replace(":", "", StringComparison.Ordinal)}", "vault"]);
        (await platform.Audit()).Where(entry => entry.Action == "node accept").Select(entry => (entry.By, entry.Source))
            .ShouldBe([("import 1", "203.0.113.7"), ("import 2", "203.0.113.7"), ("import 3", "203.0.113.7")]);
        (await platform.Audit()).Count(entry => entry.Action == "board expect").ShouldBe(3);

        // Once: the same answer for the same key, and nobody else in its place.
        (await bySerial.Enroll(platform, TestPlatform.Remote)).Status.ShouldBe(EnrollmentStatus.Accepted);
        (await platform.Nodes()).Count.ShouldBe(3);
        (await platform.Waltvpn("node", "expected", "list", "-o", "name")).Output.ShouldBe("");
        await platform.Waltvpn("node", "revoke", "roof-north", "--yes");
        var thief = await TestNode.Make(platform, 1);
        using (await thief.AskAndProve(platform, TestPlatform.Remote))
            await Wait.Until(async () => (await platform.Requests()).Count(request => request.State == RequestState.Pending) == 2);
    }

    [Fact]
    public async Task ListOfAThousandBoardsIsTaken()
    {
        await using var platform = await TestPlatform.Start();
        var (status, output) = await Import(platform, "serial,tags\n" + string.Concat(Enumerable.Range(1000, 1000).Select(number => $"10000000{number},lab lyon\n")));
        (status, output.Contains("1000 boards are expected now", StringComparison.Ordinal)).ShouldBe((0, true), output);
    }

    [Fact]
    public async Task KeyThatNobodyProvedIsNotTheExpectedBoards()
    {
        await using var platform = await TestPlatform.Start();
        var board = await TestNode.Make(platform, 1);
        (await Import(platform, $"key\n{board.PublicKey}\n")).Status.ShouldBe(0);
        NodePublicKey.TryParse(board.PublicKey, out var key, out _).ShouldBeTrue();
        var claims = new EnrollmentClaims("board", "other", MacAddress.Parse("52:54:00:99:99:99"));
        platform.Database.Read(db => ExpectedTable.Of(db, key!, claims, isProved: false)).ShouldBeNull();
        platform.Database.Read(db => ExpectedTable.Of(db, key!, claims, isProved: true)).ShouldNotBeNull();
    }

    [Fact]
    public async Task ShutWayInStaysShutAndARemovedBoardWaits()
    {
        await using var platform = await TestPlatform.Start(settings => settings with { LanPolicy = EnrollmentPolicy.Deny });
        (await Import(platform, "serial\nS1\nS2\n")).Status.ShouldBe(0);
        var board = await TestNode.Make(platform, 1);
        (await board.Enroll(platform, TestPlatform.Lan)).Status.ShouldBe(EnrollmentStatus.Denied);
        (await board.Enroll(platform, TestPlatform.Remote)).Status.ShouldBe(EnrollmentStatus.Accepted);
        (await platform.Waltvpn("node", "expected", "remove", "2")).Status.ShouldBe(0);
        (await platform.Waltvpn("node", "expected", "remove", "2")).Status.ShouldBe(3);
        (await platform.Waltvpn("node", "expected", "remove", "1")).Status.ShouldBe(3);
        using (await (await TestNode.Make(platform, 2)).AskAndProve(platform, TestPlatform.Remote)) await platform.OnePending();
    }

    [Fact]
    public async Task AnExpectedBoardThatIsAskedForByManyAtOnceIsOneNode()
    {
        await using var platform = await TestPlatform.Start();
        (await Import(platform, "serial\nS1\n")).Status.ShouldBe(0);
        var boards = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => TestNode.Make(platform, 1)));
        var conversations = await Task.WhenAll(boards.Select(board => board.AskAndProve(platform, TestPlatform.Remote)));
        await Wait.Until(async () => (await platform.Requests()).Count == boards.Length);
        foreach (var conversation in conversations) conversation.Dispose();
        (await platform.Nodes()).ShouldHaveSingleItem().Serial.ShouldBe("S1");
    }

    [Fact]
    public async Task AWrongLineIsNamedAndNothingIsTakenOver()
    {
        await using var platform = await TestPlatform.Start(settings => settings with { LanPolicy = EnrollmentPolicy.Auto });
        var known = await TestNode.Make(platform, 7);
        (await known.Enroll(platform, TestPlatform.Lan)).Status.ShouldBe(EnrollmentStatus.Accepted);
        (await Import(platform, "serial,name\nS50,taken\n")).Status.ShouldBe(0);
        var (status, output) = await Import(
            platform,
            """
            serial,mac,key,name,tags
            S1,,,good-one,lab
            S2,52:54:01:00:00:02,,,
            ,,,no-board,
            S 3,,,,
            ,zz:54:01:00:00:02,,,
            ,,ssh-ed25519 AAAA,,
            S4,,,Bad Name,
            S5,,,,Bad_Tag
            S7,,,,
            S50,,,,
            S8,,,taken,
            S1,,,,

            """);
        status.ShouldBe(4, output);
        string[] findings =
        [
            "line 3: names a board in more than one way", "line 4: names no board", "line 5: the serial number", "line 6: the MAC address", "line 7: the key cannot be used",
            "line 8: A node's name", "line 9: a tag is", "line 10: this board is known", "line 11: this board is expected already", "line 12: the name taken is taken",
            "line 13: says the same as line 2", "Nothing was taken over",
        ];
        foreach (var finding in findings) output.ShouldContain(finding);
        output.ShouldNotContain("line 2: ");
        (await platform.Waltvpn("node", "expected", "list", "-o", "name")).Output.ShouldBe("1\n");
    }

    [Theory]
    [InlineData("", "it is empty")]
    [InlineData("serial\n", "names no board")]
    [InlineData("serial,colour\nS1,red\n", "line 1: the first line names the columns")]
    [InlineData("serial,serial\nS1,S2\n", "line 1: the first line")]
    [InlineData("serial,name\nS1\n\nS2,b,c\n", "line 2: 1 fields, the first line names 2; line 4: 3 fields")]
    [InlineData("serial\n\"S1\n", "line 2: a quote is not closed")]
    [InlineData("serial\nS\"1\"\n", "line 2: a quote is not closed, or stands inside a field")]
    public void FileOfAnotherFormIsRefusedByLine(string text, string message) =>
        Should.Throw<CliException>(() => BoardList.Read(text)).Message.ShouldContain(message);

    [Fact]
    public void QuotesCommasAndCommentsAreRead()
    {
        var boards = BoardList.Read("\ufeff# head\r\nTags, serial\r\n\"a b\",S1\r\n,\"S\"\"2\"\r\n");
        boards.Select(board => (board.Line, board.Serial, string.Join('+', board.Tags))).ShouldBe([(3, "S1", "a+b"), (4, "S\"2", "")]);
    }

    [Fact]
    public async Task TagsAreAddedRemovedAndListedBy()
    {
        await using var platform = await TestPlatform.Start(settings => settings with { LanPolicy = EnrollmentPolicy.Auto });
        var names = new List<string>();
        for (var i = 1; i <= 2; i++) names.Add((await (await TestNode.Make(platform, i)).Enroll(platform, TestPlatform.Lan)).Identity!.Name);
        (await platform.Waltvpn("node", "tag", names[0], "lyon", "lab")).ShouldBe((0, $"{names[0]} has lab lyon now\n"));
        (await platform.Waltvpn("node", "tag", names[1], "lab")).Status.ShouldBe(0);
        (await platform.Waltvpn("node", "list", "--tag", "lab", "-o", "name")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .ShouldBe(names, ignoreOrder: true);
        (await platform.Waltvpn("node", "list", "--tag", "lab", "--tag", "lyon", "-o", "name")).Output.ShouldBe($"{names[0]}\n");
        (await platform.Waltvpn("node", "tag", names[0], "new", "--remove", "lab")).ShouldBe((0, $"{names[0]} has lyon new now\n"));
        (await platform.Waltvpn("node", "tag", names[0], "new")).Status.ShouldBe(0);
        (await platform.Waltvpn("node", "tag", names[0], "Bad_Tag")).Status.ShouldBe(4);
        (await platform.Waltvpn("node", "tag", names[0])).Status.ShouldBe(2);
        (await platform.Audit()).Where(entry => entry.Action == "node tag").Select(entry => entry.Detail)
            .ShouldBe([$"{names[0]}: +lyon +lab", $"{names[1]}: +lab", $"{names[0]}: +new -lab"]);
    }

    private static async Task<(int Status, string Output)> Import(TestPlatform platform, string list)
    {
        var file = Path.Combine(platform.Folder, "boards.csv");
        await File.WriteAllTextAsync(file, list, Cancellation);
        return await platform.Waltvpn("node", "import", file);
    }
}

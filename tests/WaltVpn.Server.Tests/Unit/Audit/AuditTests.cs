using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Audit;

/// <summary>docs/security.md ADM-2: each decision leaves one line, which nobody changes unseen.</summary>
public sealed class AuditTests
{
    [Fact]
    public async Task EachDecisionIsOneLineThatSaysWhoWhatAndOfWhichKey()
    {
        await using var platform = await TestPlatform.Start(settings => settings with { LanPolicy = EnrollmentPolicy.Auto });
        var me = await Shell.Run("id", ["-un"]);
        var node = await TestNode.Make(platform, 1);
        var identity = (await node.Enroll(platform, TestPlatform.Lan)).Identity!;
        var other = await TestNode.Make(platform, 2);
        using (await other.AskAndProve(platform, TestPlatform.Remote))
        {
            var waiting = await platform.OnePending();
            await platform.Api(HttpMethod.Post, $"{Routes.Requests}/{waiting.Id}/deny", new RequestDecision { Reason = "not ours" });
            await platform.Api(HttpMethod.Post, $"{Routes.Requests}/{waiting.Id}/accept");
        }

        var added = (await platform.Nodes()).Single(view => view.Id != identity.NodeId);
        await platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{identity.NodeId}/rename", "{\"name\":\"roof\"}");
        foreach (var verb in (string[])["disable", "disable", "enable", "revoke", "revoke", "forget"])
            await platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{identity.NodeId}/{verb}");
        var token = await platform.Token(3, TimeSpan.FromHours(1), "lab");
        await platform.Api(HttpMethod.Post, $"{Routes.Tokens}/{token.View.Id}/revoke");
        var lines = await platform.Audit();
        lines.Select(line => (line.By, line.Source, line.Action, line.Subject)).ShouldBe(
        [
            ("policy auto", "10.9.0.7", "node accept", identity.NodeId),
            ("waltvpnd", "local", "certificate issue", identity.NodeId),
            (me, "local", "request deny", "2"),
            (me, "local", "node accept", added.Id),
            ("waltvpnd", "local", "certificate issue", added.Id),
            (me, "local", "node rename", identity.NodeId),
            (me, "local", "node disable", identity.NodeId),
            (me, "local", "node enable", identity.NodeId),
            (me, "local", "node revoke", identity.NodeId),
            (me, "local", "node forget", identity.NodeId),
            (me, "local", "token create", "1"),
            (me, "local", "token revoke", "1"),
        ]);
        lines[0].Detail.ShouldContain((await platform.Requests()).Count > 0 ? "key SHA256:" : "");
        lines[2].Detail.ShouldEndWith(": not ours");
        lines[5].Detail.ShouldBe($"{identity.Name} -> roof");
        AuditChain.Walk(lines).ShouldBe((lines.Count, lines[^1].Hash, null));
    }

    [Fact]
    public async Task DatabaseItselfRefusesToChangeOrShortenTheTrail()
    {
        await using var platform = await TestPlatform.Start();
        await platform.Token(1, TimeSpan.FromHours(1));
        foreach (var statement in (string[])["UPDATE audit SET by = 'nobody'", "DELETE FROM audit", "INSERT OR REPLACE INTO audit SELECT * FROM audit"])
            Should.Throw<SqliteException>(() => platform.Database.Decide(db => db.Execute(statement)), statement);
        (await platform.Audit()).Count.ShouldBe(1);
    }

    /// <summary>Whoever has the file itself can drop the triggers; what she then changes shows.</summary>
    [Theory]
    [InlineData("UPDATE audit SET by = 'nobody' WHERE number = 2", "line 2 is not as it was written")]
    [InlineData("UPDATE audit SET at = at - 1 WHERE number = 3", "line 3 is not as it was written")]
    [InlineData("UPDATE audit SET subject = detail, detail = subject WHERE number = 1", "line 1 is not as it was written")]
    [InlineData("DELETE FROM audit WHERE number = 2", "after line 1 comes line 3")]
    [InlineData("DELETE FROM audit WHERE number = 1", "after line 0 comes line 2")]
    [InlineData("DELETE FROM audit WHERE number = 4", "no line with the hash")]
    public async Task ChangedTrailDoesNotVerify(string forgery, string fault)
    {
        await using var platform = await TestPlatform.Start();
        for (var i = 0; i < 4; i++) await platform.Token(1, TimeSpan.FromHours(1));
        var newest = (await platform.Audit())[^1].Hash;
        (await platform.Waltvpn("audit", "verify", "--head", newest)).Status.ShouldBe(0);
        platform.Database.Decide(db => db.Execute("DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_not_shortened; DROP TRIGGER audit_only_grows; " + forgery));
        var (status, output) = await platform.Waltvpn("audit", "verify", "--head", newest);
        status.ShouldBe(1);
        output.ShouldContain(fault);
    }

    [Fact]
    public async Task ExportVerifiesAwayFromTheServer()
    {
        await using var platform = await TestPlatform.Start();
        for (var i = 0; i < 3; i++) await platform.Token(1, TimeSpan.FromHours(1), "lab");
        var (status, export) = await platform.Waltvpn("audit", "export");
        status.ShouldBe(0);
        await platform.StopDaemon();
        var file = Path.Combine(platform.Folder, "audit.jsonl");
        await File.WriteAllTextAsync(file, export, TestContext.Current.CancellationToken);
        (await platform.Waltvpn("audit", "verify", "--file", file)).Output.ShouldStartWith("3 lines, all right.");
        await File.WriteAllTextAsync(file, export.Replace("lab", "lob", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        (await platform.Waltvpn("audit", "verify", "--file", file)).Output.ShouldContain("line 1 is not as it was written");
        await File.WriteAllTextAsync(file, "{}", TestContext.Current.CancellationToken);
        (await platform.Waltvpn("audit", "verify", "--file", file)).Output.ShouldContain("line 1 is no line of 'waltvpn audit export'");
    }

    [Fact]
    public void PartsOfALineCannotFlowIntoEachOther()
    {
        var one = new AuditEntry { Number = 1, At = default, By = "a", Source = "b\nc", Action = "", Subject = "", Detail = "", Hash = "" };
        AuditChain.Plain(one.Source).ShouldBe("b c");
        var two = one with { Source = "b", Action = "c" };
        AuditChain.HashOf(AuditChain.Start, one with { Source = AuditChain.Plain(one.Source) }).ShouldNotBe(AuditChain.HashOf(AuditChain.Start, two));
    }

    [Fact]
    public async Task PagesOfALongTrailAreReadToTheEnd()
    {
        await using var platform = await TestPlatform.Start();
        platform.Database.Decide(db =>
        {
            for (var i = 0; i < 2345; i++) Server.Audit.AuditTrail.Add(db, platform.Time.GetUtcNow(), "test", "token create", $"{i}");
            return 0;
        });
        (await platform.Waltvpn("audit", "verify")).Output.ShouldStartWith("2345 lines, all right.");
        var last = JsonSerializer.Deserialize((await platform.Waltvpn("audit", "list", "--last", "2", "-o", "json")).Output, ProtocolJson.Default.IReadOnlyListAuditEntry)!;
        last.Select(line => line.Number).ShouldBe([2344L, 2345L]);
    }
}

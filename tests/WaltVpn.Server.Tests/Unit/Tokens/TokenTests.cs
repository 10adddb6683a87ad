using System.Net;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Tokens;

/// <summary>docs/security.md ENR-3, policy <c>token</c>: whole conversations with a real daemon.</summary>
public sealed class TokenTests
{
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);

    [Fact]
    public async Task BoardWithALiveTokenJoinsAtOnceAndComesBackWithoutOne()
    {
        await using var platform = await Start();
        var token = await platform.Token(1, s_hour, "lab");
        var node = await TestNode.Make(platform, 1);
        node.Token = token.Token;
        var identity = (await node.Enroll(platform, TestPlatform.Remote)).Identity!;
        (await platform.Requests()).ShouldHaveSingleItem().DecidedBy.ShouldBe("token 1 (lab)");
        // Its key is the node's now: neither the token's end nor its loss matters any more.
        (await platform.Api(HttpMethod.Post, $"{Routes.Tokens}/1/revoke")).Status.ShouldBe(HttpStatusCode.OK);
        (await node.Enroll(platform, TestPlatform.Remote)).Identity.ShouldBe(identity);
        node.Token = null;
        (await node.Enroll(platform, TestPlatform.Remote)).Identity.ShouldBe(identity);
        (await platform.Tokens()).ShouldHaveSingleItem().UsesLeft.ShouldBe(0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public async Task OfAHundredBoardsAtOnceATokenLetsInAsManyAsItWasMadeFor(int uses)
    {
        await using var platform = await Start();
        var token = await platform.Token(uses, s_hour);
        var boards = await Task.WhenAll(Enumerable.Range(0, 100).Select(number => TestNode.Make(platform, number)));
        var waiting = new List<Conversation>();
        try
        {
            foreach (var board in boards) board.Token = token.Token;
            waiting.AddRange(await Task.WhenAll(boards.Select(board => board.AskAndProve(platform, TestPlatform.Remote))));
            await Wait.Until(async () => (await platform.Requests()).Count == 100);
            var requests = await platform.Requests();
            requests.Count(request => request.State == RequestState.Accepted).ShouldBe(uses);
            requests.Where(request => request.State == RequestState.Pending)
                .ShouldAllBe(request => request.Warning == "it brought token 1, which has let in as many boards as it was made for");
            (await platform.Nodes()).Count.ShouldBe(uses);
            (await platform.Tokens()).ShouldHaveSingleItem().State.ShouldBe(TokenState.UsedUp);
        }
        finally
        {
            waiting.ForEach(conversation => conversation.Dispose());
        }
    }

    [Fact]
    public async Task WhoeverBringsNoLiveTokenWaitsForAnOperatorWhoIsToldWhy()
    {
        await using var platform = await Start();
        var expired = await platform.Token(5, s_hour, "old");
        var revoked = await platform.Token(5, TimeSpan.FromDays(2));
        (await platform.Api(HttpMethod.Post, $"{Routes.Tokens}/{revoked.View.Id}/revoke")).Status.ShouldBe(HttpStatusCode.OK);
        platform.Time.Move(s_hour);
        var unknown = new Secret("wvt-" + new string('0', 32));
        (Secret? Token, string? Warning)[] boards =
        [
            (null, null), (expired.Token, "it brought token 1 (old), which has expired"), (revoked.Token, "it brought token 2, which was revoked"),
            (unknown, "it brought a token that is not known here"), (new Secret("' OR 1=1 --"), "it brought a token that is not known here"),
        ];
        for (var number = 0; number < boards.Length; number++)
        {
            var board = await TestNode.Make(platform, number);
            board.Token = boards[number].Token;
            using var waiting = await board.AskAndProve(platform, TestPlatform.Remote);
            await Wait.Until(async () => (await platform.Requests()).Count == number + 1);
            var request = (await platform.Requests())[^1];
            (request.State, request.Warning).ShouldBe((RequestState.Pending, boards[number].Warning));
        }

        (await platform.Nodes()).ShouldBeEmpty();
    }

    [Fact]
    public async Task WaitingBoardMayComeBackWithATokenAndADeniedOneMayNot()
    {
        await using var platform = await Start();
        var token = await platform.Token(2, s_hour);
        var (waiting, denied) = (await TestNode.Make(platform, 1), await TestNode.Make(platform, 2));
        using (await waiting.AskAndProve(platform, TestPlatform.Remote)) await platform.OnePending();
        using (await denied.AskAndProve(platform, TestPlatform.Remote))
        {
            await Wait.Until(async () => (await platform.Requests()).Count == 2);
            (await platform.Api(HttpMethod.Post, $"{Routes.Requests}/2/deny")).Status.ShouldBe(HttpStatusCode.OK);
        }

        (waiting.Token, denied.Token) = (token.Token, token.Token);
        (await waiting.Enroll(platform, TestPlatform.Remote)).Status.ShouldBe(EnrollmentStatus.Accepted);
        (await denied.Enroll(platform, TestPlatform.Remote)).Status.ShouldBe(EnrollmentStatus.Denied);
        (await platform.Tokens()).ShouldHaveSingleItem().UsesLeft.ShouldBe(1);
    }

    /// <summary>ENR-4: also with a token.</summary>
    [Fact]
    public async Task KnownBoardWithANewKeyWaitsAndCostsTheTokenNothing()
    {
        await using var platform = await Start();
        var token = await platform.Token(2, s_hour);
        var first = await TestNode.Make(platform, 1);
        first.Token = token.Token;
        (await first.Enroll(platform, TestPlatform.Remote)).Status.ShouldBe(EnrollmentStatus.Accepted);
        var second = await TestNode.Make(platform, 1);
        second.Token = token.Token;
        using var waiting = await second.AskAndProve(platform, TestPlatform.Remote);
        (await platform.OnePending()).Warning!.ShouldContain("with another key");
        (await platform.Tokens()).ShouldHaveSingleItem().UsesLeft.ShouldBe(1);
    }

    [Theory]
    [InlineData(nameof(EnrollmentPolicy.Manual), RequestState.Pending)]
    [InlineData(nameof(EnrollmentPolicy.Deny), null)]
    public async Task UnderAnotherPolicyATokenIsWorthNothing(string policy, RequestState? state)
    {
        await using var platform = await TestPlatform.Start(settings => settings with { RemotePolicy = Enum.Parse<EnrollmentPolicy>(policy) });
        var board = await TestNode.Make(platform, 1);
        board.Token = (await platform.Token(1, s_hour)).Token;
        using var conversation = await board.AskAndProve(platform, TestPlatform.Remote);
        if (state is null) (await conversation.Read(ProtocolJson.Default.EnrollmentAnswer)).Status.ShouldBe(EnrollmentStatus.Denied);
        else (await platform.OnePending()).State.ShouldBe(state.Value);
        (await platform.Nodes()).ShouldBeEmpty();
        (await platform.Tokens()).ShouldHaveSingleItem().UsesLeft.ShouldBe(1);
    }

    [Theory]
    [InlineData(nameof(EnrollmentPolicy.Token), false)]
    [InlineData(nameof(EnrollmentPolicy.Manual), true)]
    public async Task OperatorIsToldWhenATokenIsWorthNothingYet(string policy, bool told)
    {
        await using var platform = await TestPlatform.Start(settings => settings with { RemotePolicy = Enum.Parse<EnrollmentPolicy>(policy) });
        var (status, output) = await platform.Waltvpn("token", "create", "--expires", "2h");
        (status, output.Contains("config set enrollment.remote token", StringComparison.Ordinal)).ShouldBe((0, told), output);
        var file = Path.Combine(platform.Folder, "node.yaml");
        (status, output) = await platform.Waltvpn("setup-node", "--token-uses", "20", "--output", file);
        (status, output.Contains("lets in 20 boards", StringComparison.Ordinal)).ShouldBe((0, true), output);
        output.Contains("config set enrollment.remote token", StringComparison.Ordinal).ShouldBe(told);
        // A week, as its help says.
        (await platform.Waltvpn("setup-node", "--help")).Output.ShouldContain("[default: 7d]");
        output.ShouldContain($"{platform.Time.GetUtcNow().AddDays(7):yyyy-MM-dd}");
    }

    [Fact]
    public async Task TextOfATokenIsToldOnceAndKeptNowhere()
    {
        await using var platform = await Start();
        var token = (await platform.Token(1, s_hour)).Token.Reveal();
        EnrollmentToken.IsValid(token).ShouldBeTrue();
        var node = await TestNode.Make(platform, 1);
        node.Token = new Secret(token);
        await node.Enroll(platform, TestPlatform.Remote);
        foreach (var route in (string[])[Routes.Tokens, Routes.Audit, Routes.Requests, Routes.Nodes])
            (await platform.Api(HttpMethod.Get, route)).Body.ShouldNotContain(token[EnrollmentToken.Prefix.Length..]);
        platform.Log.Lines.ShouldAllBe(line => !line.Contains(token));
        await platform.StopDaemon();
        foreach (var file in Directory.EnumerateFiles(platform.Settings.StateDirectory, "*", SearchOption.AllDirectories))
            System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken))
                .ShouldNotContain(token[EnrollmentToken.Prefix.Length..], Case.Insensitive, file);
    }

    [Theory]
    [InlineData(0, 3600, null)]
    [InlineData(10_001, 3600, null)]
    [InlineData(1, 59, null)]
    [InlineData(1, 366 * 86400 + 1, null)]
    [InlineData(1, 3600, "")]
    [InlineData(1, 3600, "Lab 1")]
    [InlineData(1, 3600, "a\u001b[2J")]
    public async Task OrderOutsideItsLimitsIsRefused(int uses, long life, string? tag)
    {
        await using var platform = await Start();
        var order = new TokenOrder { Uses = uses, LifeSeconds = life, Tag = tag };
        var json = System.Text.Json.JsonSerializer.Serialize(order, ProtocolJson.Default.TokenOrder);
        (await platform.Api(HttpMethod.Post, Routes.Tokens, json)).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await platform.Tokens()).ShouldBeEmpty();
    }

    private static Task<TestPlatform> Start() => TestPlatform.Start(settings => settings with { RemotePolicy = EnrollmentPolicy.Token });
}

using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net.Http.Json;
using WaltVpn.Protocol;

namespace WaltVpn.Cli;

/// <summary><c>waltvpn token …</c></summary>
internal static class TokenCommands
{
    /// <summary>docs/security.md ENR-3.</summary>
    private static readonly TimeSpan s_standardLife = TimeSpan.FromHours(1);

    /// <summary>The commands of the noun.</summary>
    public static Command Create(GlobalOptions global) => new(
        "token",
        "Enrolment tokens: boards that bring one join without waiting for an operator, where server.yaml says 'enrollment: remote: token'. Example: waltvpn token list")
    {
        Make(global), List(global), Revoke(global),
    };

    /// <summary>Has the server make one.</summary>
    public static Task<NewToken> Order(ServerConnection server, int uses, TimeSpan life, string? tag, CancellationToken cancel)
    {
        var order = new TokenOrder { Uses = uses, LifeSeconds = (long)life.TotalSeconds, Tag = tag };
        return server.PostContent(Routes.Tokens, JsonContent.Create(order, ProtocolJson.Default.TokenOrder), ProtocolJson.Default.NewToken, cancel);
    }

    /// <summary>What a new token does, and what keeps it from doing so.</summary>
    public static string Tell(NewToken token)
    {
        var what = $"Token {token.View.Id} lets in {token.View.Uses} board{(token.View.Uses == 1 ? "" : "s")}, until {token.View.ExpiresAt:u}.";
        return token.IsAsked
            ? what
            : $"{what} But not yet, since the server asks for no tokens. Type: sudo waltvpn config set enrollment.remote token && sudo systemctl restart waltvpnd.";
    }

    private static Command Make(GlobalOptions global)
    {
        var uses = new Option<int>("--uses") { Description = "How many boards it lets in", HelpName = "N", DefaultValueFactory = _ => 1 };
        var expires = Lifetime.Option("--expires", "How long it lives", s_standardLife);
        var tag = new Option<string?>("--tag") { Description = "Your word for it, shown with it and with the nodes it let in", HelpName = "WORD" };
        var create = new Command(
            "create", "Make a token and show it, this once. Example: waltvpn token create --uses 20 --expires 24h --tag lab") { uses, expires, tag, global.Output };
        create.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            var made = await Order(server, arguments.GetValue(uses), Lifetime.ValueOf(arguments, expires, s_standardLife), arguments.GetValue(tag), cancel);
            ResultPrinter.PrintOne(
                arguments.GetValue(global.Output), made, ProtocolJson.Default.NewToken, token => token.Token.Reveal(), token =>
                {
                    Console.WriteLine(token.Token.Reveal());
                    Console.Error.WriteLine($"{Tell(token)} It is not shown again. In the settings of an image it is the line 'enrollmentToken: …'.");
                });
            return (int)ExitCode.Ok;
        });
        return create;
    }

    private static Command List(GlobalOptions global)
    {
        var list = new Command("list", "List all tokens, without their text. Example: waltvpn token list -o json") { global.Output };
        list.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            ResultPrinter.PrintList(
                arguments.GetValue(global.Output),
                await server.Get(Routes.Tokens, ProtocolJson.Default.IReadOnlyListTokenView, cancel),
                ProtocolJson.Default.IReadOnlyListTokenView,
                token => token.Id.ToString(CultureInfo.InvariantCulture),
                ["ID", "STATE", "LEFT", "OF", "TAG", "EXPIRES", "MADE BY", "LAST USED"],
                token =>
                [
                    token.Id.ToString(CultureInfo.InvariantCulture), Word(token.State), token.UsesLeft.ToString(CultureInfo.InvariantCulture),
                    token.Uses.ToString(CultureInfo.InvariantCulture), token.Tag ?? "-", $"{token.ExpiresAt:u}", token.CreatedBy,
                    token.LastUsed is { } last ? $"{last:u}" : "-",
                ]);
            return (int)ExitCode.Ok;
        });
        return list;
    }

    private static Command Revoke(GlobalOptions global)
    {
        var id = new Argument<long>("NUMBER") { Description = "Number of a token", CustomParser = ReadNumber };
        var revoke = new Command("revoke", "Take a token back; the nodes it let in stay. Example: waltvpn token revoke 3") { id, global.Output };
        revoke.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            var path = string.Create(CultureInfo.InvariantCulture, $"{Routes.Tokens}/{arguments.GetValue(id)}/revoke");
            var token = await server.Post(path, null, ProtocolJson.Default.TokenView, cancel);
            ResultPrinter.PrintOne(
                arguments.GetValue(global.Output), token, ProtocolJson.Default.TokenView, view => view.Id.ToString(CultureInfo.InvariantCulture),
                view => Console.WriteLine($"token {view.Id} is revoked; it had let in {view.Uses - view.UsesLeft} of {view.Uses}"));
            return (int)ExitCode.Ok;
        });
        return revoke;
    }

    private static long ReadNumber(ArgumentResult argument)
    {
        var word = argument.Tokens[0].Value;
        if (long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return number;
        argument.AddError($"'{word}' is no number of a token. List them with: waltvpn token list");
        return 0;
    }

    private static string Word(TokenState state) => state switch
    {
        TokenState.Active => "active",
        TokenState.UsedUp => "used up",
        TokenState.Expired => "expired",
        TokenState.Revoked => "revoked",
    };
}

using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using WaltVpn.Protocol;

namespace WaltVpn.Cli;

/// <summary><c>waltvpn request …</c></summary>
internal static class RequestCommands
{
    /// <summary>The commands of the noun.</summary>
    public static Command Create(GlobalOptions global)
    {
        var id = new Argument<long>("ID") { Description = "Number of the request", CustomParser = ReadNumber };
        var replaceKey = new Option<bool>("--replace-key")
        {
            Description = "Also when the board is known with another key, which is void from then on",
        };
        var reason = new Option<string?>("--reason")
        {
            Description = "Shown on the node's console; printable ASCII, at most 200 characters",
            HelpName = "TEXT",
        };
        var list = new Command("list", "List all enrolment requests. Example: waltvpn request list -o name") { global.Output };
        list.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            var requests = await server.Get(Routes.Requests, ProtocolJson.Default.IReadOnlyListRequestView, cancel);
            PrintAll(arguments.GetValue(global.Output), requests);
            return (int)ExitCode.Ok;
        });
        var show = new Command("show", "Show one request. Example: waltvpn request show 3") { id, global.Output };
        show.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            var request = await server.Get(Path(arguments.GetValue(id), ""), ProtocolJson.Default.RequestView, cancel);
            Print(arguments.GetValue(global.Output), request);
            return (int)ExitCode.Ok;
        });
        var accept = new Command(
            "accept", "Make a node of a request. Compare the key with the one on the node's console first. Example: waltvpn request accept 3")
        {
            id, replaceKey, global.Output,
        };
        accept.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            var decision = new RequestDecision { ReplaceKey = arguments.GetValue(replaceKey) };
            var request = await server.Post(Path(arguments.GetValue(id), "/accept"), decision, ProtocolJson.Default.RequestView, cancel);
            Print(arguments.GetValue(global.Output), request);
            return (int)ExitCode.Ok;
        });
        var deny = new Command("deny", "Refuse a request, until somebody accepts it. Example: waltvpn request deny 3 --reason 'not ours'")
        {
            id, reason, global.Output,
        };
        deny.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            var decision = new RequestDecision { Reason = arguments.GetValue(reason) };
            var request = await server.Post(Path(arguments.GetValue(id), "/deny"), decision, ProtocolJson.Default.RequestView, cancel);
            Print(arguments.GetValue(global.Output), request);
            return (int)ExitCode.Ok;
        });
        return new Command("request", "Enrolment requests of boards that are not nodes yet. Example: waltvpn request list") { list, show, accept, deny };
    }

    /// <summary>Path of a request, or of a verb on it.</summary>
    public static string Path(long id, string verb) => string.Create(CultureInfo.InvariantCulture, $"{Routes.Requests}/{id}{verb}");

    /// <summary>Every fact of a request, for a person.</summary>
    public static IEnumerable<(string Label, string? Value)> Fields(RequestView request) =>
    [
        ("request", Number(request)), ("state", Word(request.State)), ("model", request.Model), ("serial", request.Serial), ("mac", request.Mac.ToString()),
        ("key", request.Fingerprint), ("words", request.FingerprintWords),
        ("legacy", request.Legacy ? "yes: asked by WalT's HTTP protocol, its key is not proved" : null),
        ("source", request.Source), ("first asked", $"{request.FirstAsked:u}"), ("last asked", $"{request.LastAsked:u}"),
        ("decided by", request.DecidedBy), ("WARNING", request.Warning),
    ];

    /// <summary>The state as the server spells it.</summary>
    public static string Word(RequestState state) => state switch
    {
        RequestState.Pending => "pending",
        RequestState.Accepted => "accepted",
        RequestState.Denied => "denied",
    };

    private static long ReadNumber(ArgumentResult argument)
    {
        var word = argument.Tokens[0].Value;
        if (long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return number;
        argument.AddError($"'{word}' is no number of a request. List them with: waltvpn request list");
        return 0;
    }

    private static string Number(RequestView request) => request.Id.ToString(CultureInfo.InvariantCulture);

    private static void PrintAll(OutputFormat format, IReadOnlyList<RequestView> requests) => ResultPrinter.PrintList(
        format,
        requests,
        ProtocolJson.Default.IReadOnlyListRequestView,
        Number,
        ["ID", "STATE", "LEGACY", "MODEL", "SERIAL", "MAC", "SOURCE", "KEY", "WORDS", "WARNING"],
        request =>
        [
            Number(request), Word(request.State), request.Legacy ? "yes" : "-", request.Model, request.Serial, request.Mac.ToString(), request.Source,
            request.Fingerprint, request.FingerprintWords, request.Warning is null ? "-" : "yes",
        ]);

    private static void Print(OutputFormat format, RequestView request) =>
        ResultPrinter.PrintOne(format, request, ProtocolJson.Default.RequestView, Number, view => ResultPrinter.PrintFields(Fields(view)));
}

using System.CommandLine;
using System.Globalization;
using System.Net.Http.Json;
using WaltVpn.Protocol;

namespace WaltVpn.Cli;

/// <summary><c>waltvpn node import</c>, <c>waltvpn node expected …</c>: boards that are known before they ask.</summary>
internal static class ExpectedCommands
{
    private const string StandardInput = "-";

    /// <summary><c>import</c>.</summary>
    public static Command Import(GlobalOptions global)
    {
        var file = new Argument<string>("FILE") { Description = "CSV with the columns serial, mac, key (one of them says which board), name, tags (spaces between). - is the standard input" };
        var import = new Command(
            "import",
            "Name boards that become nodes at their first request, each once, without waiting. A serial number or MAC address is what a board says of itself: whoever"
            + " knows it can come first; a key is proved. All lines are taken over or none. Example: waltvpn node import boards.csv")
        {
            file, global.Output,
        };
        import.SetAction(async (arguments, cancel) =>
        {
            var boards = BoardList.Read(await Text(arguments.GetValue(file)!, cancel));
            using var server = global.Connect(arguments);
            using var body = JsonContent.Create(boards, ProtocolJson.Default.IReadOnlyListExpectedBoard);
            var views = await server.PostContent(Routes.ExpectedBoards, body, ProtocolJson.Default.IReadOnlyListExpectedBoardView, cancel);
            if (arguments.GetValue(global.Output) is OutputFormat.Table or OutputFormat.Wide)
                Console.WriteLine($"{boards.Count} boards are expected now, {views.Count} in all. They come without a further word: waltvpn node expected list");
            else Print(arguments.GetValue(global.Output), views);
            return (int)ExitCode.Ok;
        });
        return import;
    }

    /// <summary><c>expected</c>.</summary>
    public static Command Create(GlobalOptions global)
    {
        var id = new Argument<long>("NUMBER") { Description = "Of 'waltvpn node expected list'" };
        var list = new Command("list", "List the boards that are expected and did not come yet. Example: waltvpn node expected list -o json") { global.Output };
        list.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            Print(arguments.GetValue(global.Output), await server.Get(Routes.ExpectedBoards, ProtocolJson.Default.IReadOnlyListExpectedBoardView, cancel));
            return (int)ExitCode.Ok;
        });
        var remove = new Command("remove", "Expect a board no more; when it asks, it is like any other. Example: waltvpn node expected remove 3") { id, global.Output };
        remove.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            var path = string.Create(CultureInfo.InvariantCulture, $"{Routes.ExpectedBoards}/{arguments.GetValue(id)}/remove");
            Print(arguments.GetValue(global.Output), await server.PostContent(path, null, ProtocolJson.Default.IReadOnlyListExpectedBoardView, cancel));
            return (int)ExitCode.Ok;
        });
        return new Command("expected", "Boards that were imported and did not come yet. Example: waltvpn node expected list") { list, remove };
    }

    private static async Task<string> Text(string file, CancellationToken cancel)
    {
        if (file == StandardInput) return await Console.In.ReadToEndAsync(cancel);
        try
        {
            return await File.ReadAllTextAsync(file, cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Failed, $"cannot read the list: {e.Message}");
        }
    }

    private static void Print(OutputFormat format, IReadOnlyList<ExpectedBoardView> views) => ResultPrinter.PrintList(
        format,
        views,
        ProtocolJson.Default.IReadOnlyListExpectedBoardView,
        Number,
        ["NO", "BOARD", "NAME", "TAGS", "ADDED", "BY"],
        view =>
        [
            Number(view), view.Board.Serial is { } serial ? $"serial {serial}" : view.Board.Mac is { } mac ? $"mac {mac}" : $"key {view.Board.Key}", view.Board.Name ?? "-",
            view.Board.Tags.Count > 0 ? string.Join(' ', view.Board.Tags) : "-", $"{view.AddedAt:u}", view.AddedBy,
        ]);

    private static string Number(ExpectedBoardView view) => view.Id.ToString(CultureInfo.InvariantCulture);
}

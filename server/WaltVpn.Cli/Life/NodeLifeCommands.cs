using System.CommandLine;
using System.Globalization;
using System.Net.Http.Json;
using WaltVpn.Protocol;

namespace WaltVpn.Cli.Life;

/// <summary><c>waltvpn node timeline | log | reboot | blink</c>: what a node's boots were like, and what it is told to do.</summary>
internal static class NodeLifeCommands
{
    private static readonly TimeSpan s_between = TimeSpan.FromSeconds(1);

    /// <summary>The commands.</summary>
    public static IEnumerable<Command> Create(GlobalOptions global) => [Timeline(global), Log(global), Reboot(global), Blink(global)];

    private static Command Timeline(GlobalOptions global)
    {
        var (which, boot) = (Which(), Boot());
        var timeline = new Command(
            "timeline", "Show how far a node's boot came, stage by stage, and why it took its time. Example: waltvpn node timeline node-3fa2c1 --boot -1")
        {
            which, boot, global.Output,
        };
        timeline.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            var node = await NodeCommands.Find(server, arguments.GetValue(which)!, cancel);
            PrintTimeline(arguments.GetValue(global.Output), Pick(node, await Boots(server, node, cancel), arguments.GetValue(boot)));
            return (int)ExitCode.Ok;
        });
        return timeline;
    }

    private static Command Log(GlobalOptions global)
    {
        var (which, boot) = (Which(), Boot());
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with what comes; Ctrl-C ends" };
        var log = new Command("log", "Show what a node said of one boot, from its first second on. Example: waltvpn node log node-3fa2c1 --follow")
        {
            which, boot, follow, global.Output,
        };
        log.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            var node = await NodeCommands.Find(server, arguments.GetValue(which)!, cancel);
            var boots = await Boots(server, node, cancel);
            if (!arguments.GetValue(follow))
            {
                PrintLog(arguments.GetValue(global.Output), await Lines(server, node, Pick(node, boots, arguments.GetValue(boot)), -1, cancel));
                return (int)ExitCode.Ok;
            }

            if (arguments.GetValue(global.Output) is not (OutputFormat.Table or OutputFormat.Wide) || arguments.GetValue(boot) != 0)
                throw new CliException(ExitCode.Usage, "--follow prints the newest boot, line by line; it takes neither --boot nor another format than table");
            return await Follow(server, node, boots, cancel);
        });
        return log;
    }

    private static Command Reboot(GlobalOptions global)
    {
        var which = Which();
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        var reboot = new Command(
            "reboot", "Have a node start anew: its operating system, when one runs, shuts down in order. Example: waltvpn node reboot node-3fa2c1 --yes")
        {
            which, yes, global.Output,
        };
        reboot.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            var node = await NodeCommands.Find(server, arguments.GetValue(which)!, cancel);
            if (!arguments.GetValue(yes)) NodeCommands.Confirm("reboot", node, "What runs on it ends.");
            await server.Order($"{Routes.Nodes}/{node.Id}/reboot", null, cancel);
            NodeCommands.PrintOutcome(arguments.GetValue(global.Output), node,
                $"{node.Name} was told to start anew. Watch it: waltvpn node timeline {node.Name}");
            return (int)ExitCode.Ok;
        });
        return reboot;
    }

    private static Command Blink(GlobalOptions global)
    {
        var which = Which();
        var time = new Option<int>("--for")
        {
            Description = "How long, 1s to 1h; 30s when absent",
            HelpName = "30s|5m|1h",
            DefaultValueFactory = _ => 30,
            CustomParser = result =>
            {
                if (Seconds(result.Tokens[0].Value) is { } seconds) return seconds;
                result.AddError($"'{result.Tokens[0].Value}' is no time to blink; write seconds, minutes or hours like 30s, 5m, 1h, at most 1h");
                return default;
            },
        };
        var blink = new Command(
            "blink", "Have a node's status LED flash fast, to find it among others. Example: waltvpn node blink node-3fa2c1 --for 30s")
        {
            which, time, global.Output,
        };
        blink.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            var node = await NodeCommands.Find(server, arguments.GetValue(which)!, cancel);
            var seconds = arguments.GetValue(time);
            var order = JsonContent.Create(new BlinkOrder { Seconds = seconds }, ProtocolJson.Default.BlinkOrder);
            await server.Order($"{Routes.Nodes}/{node.Id}/blink", order, cancel);
            NodeCommands.PrintOutcome(arguments.GetValue(global.Output), node, $"{node.Name} was told to blink for {seconds} s");
            return (int)ExitCode.Ok;
        });
        return blink;
    }

    /// <summary>A node's boots, the newest first; none when it has told of none, or the server is an older one.</summary>
    public static Task<IReadOnlyList<NodeBootView>> Boots(ServerConnection server, NodeView node, CancellationToken cancel) =>
        server.Get($"{Routes.Nodes}/{node.Id}/boots", ProtocolJson.Default.IReadOnlyListNodeBootView, cancel);

    /// <summary>A time since the kernel's start as people read it, <c>12.3 s</c>.</summary>
    public static string Time(long milliseconds) => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1000.0:0.0} s");

    private static Argument<string> Which() => new("NODE") { Description = "Name of a node, or the first four or more digits of its id" };

    private static Option<int> Boot() => new("--boot")
    {
        Description = "0 is the newest one (default), -1 the one before it, and so on",
        HelpName = "N",
        DefaultValueFactory = _ => 0,
    };

    private static int? Seconds(string word)
    {
        if (word.Length < 2 || !int.TryParse(word.AsSpan(0, word.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return null;
        long? seconds = word[^1] switch
        {
            's' => number,
            'm' => number * 60L,
            'h' => number * 3600L,
            _ => null,
        };
        return seconds is >= BlinkOrder.Least and <= BlinkOrder.Most ? (int)seconds : null;
    }

    private static NodeBootView Pick(NodeView node, IReadOnlyList<NodeBootView> boots, int number)
    {
        if (boots.Count == 0)
        {
            throw new CliException(
                ExitCode.NotFound,
                $"{node.Name} has not told of any boot yet: nodes do, through a tunnel of version 2, seconds after it is up. See: waltvpn doctor {node.Name}");
        }

        return number <= 0 && -number < boots.Count
            ? boots[-number]
            : throw new CliException(ExitCode.NotFound, $"of {node.Name}, {boots.Count} boots are kept: --boot takes 0 (the newest) to {-(boots.Count - 1)}");
    }

    private static Task<NodeLogView> Lines(ServerConnection server, NodeView node, NodeBootView boot, long after, CancellationToken cancel) =>
        server.Get(
            string.Create(CultureInfo.InvariantCulture, $"{Routes.Nodes}/{node.Id}/boots/{boot.Boot}/log?after={after}"),
            ProtocolJson.Default.NodeLogView,
            cancel);

    private static void PrintTimeline(OutputFormat format, NodeBootView boot)
    {
        if (format is not (OutputFormat.Table or OutputFormat.Wide))
        {
            ResultPrinter.PrintOne(format, boot, ProtocolJson.Default.NodeBootView, view => view.Boot, _ => { });
            return;
        }

        Console.WriteLine(Head(boot));
        ResultPrinter.PrintList(
            format,
            boot.Stages,
            ProtocolJson.Default.IReadOnlyListStageReport,
            stage => stage.Stage,
            ["STAGE", "", "AT", "TOOK", "TRIES", "WHY"],
            stage =>
            [
                stage.Stage, Word(stage.Outcome), Time(stage.At), stage.Took is { } took ? Time(took) : "-", stage.Tries.ToString(CultureInfo.InvariantCulture),
                stage.Why ?? "",
            ]);
    }

    private static void PrintLog(OutputFormat format, NodeLogView log)
    {
        if (format is not (OutputFormat.Table or OutputFormat.Wide))
        {
            ResultPrinter.PrintOne(format, log, ProtocolJson.Default.NodeLogView, view => view.Boot.Boot, _ => { });
            return;
        }

        Console.WriteLine(Head(log.Boot));
        Print(log.Lines);
    }

    private static async Task<int> Follow(ServerConnection server, NodeView node, IReadOnlyList<NodeBootView> boots, CancellationToken cancel)
    {
        string? shown = null;
        long after = -1;
        while (true)
        {
            if (boots is [var newest, ..])
            {
                // The node has started anew.
                if (newest.Boot != shown) (shown, after) = (newest.Boot, -1);
                if (after < 0) Console.WriteLine(Head(newest));
                var lines = (await Lines(server, node, newest, after, cancel)).Lines;
                Print(lines);
                if (lines.Count > 0) after = lines[^1].Number;
                else after = Math.Max(after, 0);
            }

            await Task.Delay(s_between, cancel);
            boots = await Boots(server, node, cancel);
        }
    }

    private static void Print(IEnumerable<NodeLogLine> lines)
    {
        foreach (var line in lines)
        {
            var time = string.Create(CultureInfo.InvariantCulture, $"{line.At / 1000.0,10:0.000}");
            Console.WriteLine($"{time} {(line.Warning ? "!" : " ")} {TerminalText.Plain(line.Stage)}: {TerminalText.Plain(line.Text)}");
        }
    }

    private static string Head(NodeBootView boot) => boot.Started is { } started
        ? $"boot {boot.Boot[..8]}, started {started:u}, heard of last {boot.Heard:u}"
        : $"boot {boot.Boot[..8]}, never reached the server; told afterwards, {boot.Heard:u}";

    private static string Word(StageOutcome outcome) => outcome switch
    {
        StageOutcome.Done => "done",
        StageOutcome.UnderWay => "now",
        StageOutcome.Failed => "failed",
    };
}

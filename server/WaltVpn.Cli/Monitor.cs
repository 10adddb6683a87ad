using System.Threading.Channels;
using WaltVpn.Protocol;

namespace WaltVpn.Cli;

/// <summary>The conversation with the operator: one request at a time, in the order they came.</summary>
/// <remarks>What the server says and what the operator types meet in one channel, and one loop reacts; nothing here is shared between threads.</remarks>
internal sealed class Monitor(ServerConnection server, bool acceptAll, bool once)
{
    /// <summary>A daemon that restarts is back within this.</summary>
    private static readonly TimeSpan ReconnectAfter = TimeSpan.FromSeconds(2);

    private readonly Channel<MonitorEvent> _events = Channel.CreateUnbounded<MonitorEvent>();
    private readonly List<RequestView> _waiting = [];
    private readonly Queue<string> _typedAhead = [];
    private readonly HashSet<long> _decidedHere = [];
    private bool _inputEnded;
    private bool _decided;
    private ServerState _server = ServerState.NeverSeen;

    /// <summary>Runs until Ctrl-C, or until the input ends and nobody can be asked any more.</summary>
    public async Task<ExitCode> Run(CancellationToken cancel)
    {
        if (acceptAll) Console.WriteLine("WARNING: every board that asks is accepted, whoever it is.");
        Console.WriteLine("Waiting for boards that ask to become nodes. Ctrl-C ends.");
        if (!acceptAll) new Thread(ReadInput) { IsBackground = true, Name = "input" }.Start();
        var listening = Listen(cancel);
        try
        {
            await foreach (var happened in _events.Reader.ReadAllAsync(cancel))
            {
                await React(happened, cancel);
                // Without input there is nothing to wait for, but whether the server is there at all.
                if ((once && _decided) || (_inputEnded && _typedAhead.Count == 0 && _server != ServerState.NeverSeen)) return ExitCode.Ok;
            }
        }
        catch (OperationCanceledException)
        {
            Console.WriteLine();
        }

        await listening;
        return ExitCode.Interrupted;
    }

    private async Task React(MonitorEvent happened, CancellationToken cancel)
    {
        switch (happened)
        {
            case MonitorEvent.Connected:
                if (_server == ServerState.Lost) Console.WriteLine("The server is back.");
                _server = ServerState.Connected;
                break;
            case MonitorEvent.Changed { Request: { State: RequestState.Pending } request }:
                await Arrive(request, cancel);
                break;
            case MonitorEvent.Changed { Request: var request }:
                await Leave(request, cancel);
                break;
            case MonitorEvent.Typed { Line: var line }:
                // At a terminal an answer must come after its question; from a pipe it may come before.
                if (_waiting.Count > 0) await Answer(line, cancel);
                else if (Console.IsInputRedirected) _typedAhead.Enqueue(line);
                break;
            case MonitorEvent.InputEnded:
                _inputEnded = true;
                break;
            case MonitorEvent.Lost { Cause: var cause }:
                // A daemon that restarts comes back; one that answers in another language does not change.
                if (_server == ServerState.NeverSeen || cause.ExitCode != ExitCode.ServerNotReachable) throw cause;
                if (_server == ServerState.Connected) Console.WriteLine("\nThe server is gone; waiting for it.");
                _server = ServerState.Lost;
                _waiting.Clear();
                break;
        }
    }

    private async Task Arrive(RequestView request, CancellationToken cancel)
    {
        if (_waiting.Any(known => known.Id == request.Id)) return;
        _decidedHere.Remove(request.Id);
        _waiting.Add(request);
        if (_waiting.Count == 1) await Ask(cancel);
    }

    private async Task Leave(RequestView request, CancellationToken cancel)
    {
        var wasAsked = _waiting is [var first, ..] && first.Id == request.Id;
        _waiting.RemoveAll(known => known.Id == request.Id);
        if (!_decidedHere.Remove(request.Id))
        {
            if (wasAsked) Console.WriteLine();
            Console.WriteLine($"Request {request.Id} was {RequestCommands.Word(request.State)} by {TerminalText.Plain(request.DecidedBy)}.");
        }

        if (wasAsked) await Ask(cancel);
    }

    /// <summary>Puts the question about the first waiting request.</summary>
    private async Task Ask(CancellationToken cancel)
    {
        if (_waiting.Count == 0) return;
        var request = _waiting[0];
        Console.WriteLine();
        ResultPrinter.PrintFields(RequestCommands.Fields(request));
        if (acceptAll) await Answer("y", cancel);
        else
        {
            Console.Write(request.Warning is null
                ? "Accept this board? Compare the key, or its words, with its console. [y/n] "
                : "Accept this board? y: yes, r: yes and void its old key, n: no [y/r/n] ");
            if (_typedAhead.TryDequeue(out var line)) await Answer(line, cancel);
        }
    }

    private async Task Answer(string line, CancellationToken cancel)
    {
        var request = _waiting[0];
        var (verb, replaceKey) = line.Trim().ToUpperInvariant() switch
        {
            "Y" or "YES" => ("/accept", false),
            "R" or "REPLACE" => ("/accept", true),
            "N" or "NO" => ("/deny", false),
            _ => ("", false),
        };
        if (verb.Length == 0)
        {
            Console.Write("Please type y or n: ");
            return;
        }

        _waiting.RemoveAt(0);
        _decidedHere.Add(request.Id);
        try
        {
            var decision = new RequestDecision { ReplaceKey = replaceKey };
            var decided = await server.Post(RequestCommands.Path(request.Id, verb), decision, ProtocolJson.Default.RequestView, cancel);
            Console.WriteLine($"Request {decided.Id}: {RequestCommands.Word(decided.State)}.");
            _decided = true;
        }
        catch (CliException e)
        {
            Console.WriteLine($"Request {request.Id}: {TerminalText.Plain(e.Message)}");
        }

        await Ask(cancel);
    }

    /// <summary>Brings the server's events, again after the server was away.</summary>
    private async Task Listen(CancellationToken cancel)
    {
        try
        {
            while (true)
            {
                await ListenOnce(cancel);
                await Task.Delay(ReconnectAfter, cancel);
            }
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C.
        }
    }

    private async Task ListenOnce(CancellationToken cancel)
    {
        try
        {
            var connected = () => { _events.Writer.TryWrite(new MonitorEvent.Connected()); };
            await foreach (var request in server.RequestEvents(connected, cancel)) _events.Writer.TryWrite(new MonitorEvent.Changed(request));
        }
        catch (CliException e)
        {
            _events.Writer.TryWrite(new MonitorEvent.Lost(e));
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            // The server ended in the middle of the stream; the next attempt says whether it is gone.
        }
    }

    /// <summary>Body of the input thread: a read from a terminal cannot be cancelled, so it has a thread that ends with the process.</summary>
    private void ReadInput()
    {
        while (Console.In.ReadLine() is { } line) _events.Writer.TryWrite(new MonitorEvent.Typed(line));
        _events.Writer.TryWrite(new MonitorEvent.InputEnded());
    }

    private enum ServerState
    {
        NeverSeen,
        Connected,
        Lost,
    }
}

using WaltVpn.Protocol;

namespace WaltVpn.Agent.Life;

/// <summary>The node's log, which goes on to where it went before, and is kept: bounded, until the server has it. For any thread.</summary>
/// <remarks>Of a long wait without a server the first lines and the last ones stay: how it began says why, and how it is now says whether.</remarks>
internal sealed class NodeJournal : INodeLog
{
    /// <summary>Characters kept of the first lines.</summary>
    public const int FirstCharacters = 32 * 1024;

    /// <summary>Characters kept of the last ones, beside them.</summary>
    public const int LastCharacters = 96 * 1024;

    // Number, time, stage and punctuation of a line in JSON.
    private const int PerLine = 80;

    private readonly INodeLog _log;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly List<NodeLogLine> _first = [];
    private readonly Queue<NodeLogLine> _last = [];
    private int _firstSize;
    private int _lastSize;
    private long _number;
    private TaskCompletionSource _added = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="log">Where the lines go on to.</param>
    /// <param name="time">Its timestamps count from the kernel's start.</param>
    public NodeJournal(INodeLog log, TimeProvider time)
    {
        (_log, _time, Timeline) = (log, time, new BootTimeline(time));
        // A node process that begins anew beside a living system goes on behind the numbers of the one before.
        _number = BootTimeline.Now(time);
        Timeline.Changed += () => Wake();
    }

    /// <summary>How far the boot came.</summary>
    public BootTimeline Timeline { get; }

    /// <summary>Completes when there is something new; ask for it before looking.</summary>
    public Task Added
    {
        get
        {
            lock (_gate) return _added.Task;
        }
    }

    /// <inheritdoc/>
    public void Info(BootStage stage, string text)
    {
        Add(stage, warning: false, text);
        _log.Info(stage, text);
    }

    /// <inheritdoc/>
    public void Warning(BootStage stage, string text)
    {
        Add(stage, warning: true, text);
        _log.Warning(stage, text);
    }

    /// <inheritdoc/>
    public void Retry(BootStage stage, string text)
    {
        Timeline.Retried(stage, text);
        Warning(stage, text);
    }

    /// <summary>Lines that are kept, in order.</summary>
    /// <param name="after">Number of the line before the first.</param>
    public IReadOnlyList<NodeLogLine> Lines(long after)
    {
        lock (_gate) return [.. _first.Concat(_last).SkipWhile(line => line.Number <= after)];
    }

    /// <summary>The server has them up to this number: room for others.</summary>
    public void Forget(long upTo)
    {
        lock (_gate)
        {
            _first.RemoveAll(line => line.Number <= upTo);
            _firstSize = _first.Sum(Size);
            while (_last.TryPeek(out var line) && line.Number <= upTo) _lastSize -= Size(_last.Dequeue());
        }
    }

    private static int Size(NodeLogLine line) => line.Text.Length + PerLine;

    private void Add(BootStage stage, bool warning, string text)
    {
        var now = BootTimeline.Now(_time);
        lock (_gate)
        {
            _number = Math.Max(_number + 1, now);
            var plain = NodeReport.Plain(text.ReplaceLineEndings(" "));
            var line = new NodeLogLine { Number = _number, At = now, Stage = BootTimeline.Word(stage), Warning = warning, Text = plain };
            if (_last.Count == 0 && _firstSize + Size(line) <= FirstCharacters)
            {
                _first.Add(line);
                _firstSize += Size(line);
            }
            else
            {
                _last.Enqueue(line);
                _lastSize += Size(line);
                while (_lastSize > LastCharacters) _lastSize -= Size(_last.Dequeue());
            }
        }

        Wake();
    }

    private void Wake()
    {
        TaskCompletionSource added;
        lock (_gate) (added, _added) = (_added, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        added.SetResult();
    }
}

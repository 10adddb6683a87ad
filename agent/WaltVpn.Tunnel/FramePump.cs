using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Tunnel;

/// <summary>The node's end of the tunnel: two threads, one per direction, between a TAP and the two ends of a stream.</summary>
/// <remarks>
/// <code>
/// thread "tap to stream"   TAP ▶ FrameBatch ▶ output         ◀ what TunnelConversation has to say
/// thread "stream to tap"   TAP ◀ TunnelConversation ◀ input
/// </code>
/// Each waits in poll(2), with an eventfd that stops both. A TAP error or an odd frame costs one frame; a wrong length ends the tunnel.
/// The descriptors stay the caller's and are made non-blocking, so no other process may share their open file descriptions.
/// </remarks>
public sealed class FramePump : IDisposable
{
    // Fine enough for the shortest time after which a peer is dead.
    private static readonly TimeSpan TickInterval = TunnelHello.ShortestDeadAfter / 6;
    // docs/security.md L2-4.
    private static readonly TimeSpan ForProgress = TimeSpan.FromSeconds(10);

    private readonly FileDescriptor _tap;
    private readonly FileDescriptor _input;
    private readonly FileDescriptor _output;
    private readonly TunnelOptions _options;
    private readonly EventFd _stop = new();
    private readonly EventFd _speaks = new();
    private readonly TaskCompletionSource<PumpEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread[] _threads;
    private bool _disposed;

    private FramePump(FileDescriptor tap, FileDescriptor input, FileDescriptor output, TunnelOptions options, TimeProvider time)
    {
        (_tap, _input, _output, _options) = (tap, input, output, options);
        foreach (var descriptor in (ReadOnlySpan<FileDescriptor>)[tap, input, output]) descriptor.NonBlocking = true;
        Conversation = new TunnelConversation(options, time);
        Conversation.Speaks += _speaks.Raise;
        _threads =
        [
            new Thread(() => Run(TapToStream)) { Name = "tap to stream", IsBackground = true },
            new Thread(() => Run(StreamToTap)) { Name = "stream to tap", IsBackground = true },
        ];
    }

    /// <summary>This end began to send in version 2. Raised in the pump's thread, before the first such frame.</summary>
    public event Action? Switched;

    /// <summary>What is said to the peer and by it.</summary>
    public TunnelConversation Conversation { get; }

    /// <summary>Ends when the pump has: with the first side that ended, and why.</summary>
    public Task<PumpEnd> Completion => _end.Task;

    /// <summary>Makes a pump that stands still, so that its events can be waited for.</summary>
    /// <param name="tap">The TAP, opened with headers, or any descriptor that gives and takes one header with one frame per call.</param>
    /// <param name="input">The stream from the peer.</param>
    /// <param name="output">The stream to the peer; may be the same descriptor as <paramref name="input"/>.</param>
    /// <param name="options">What was agreed with the peer; null: version 0.</param>
    /// <param name="time">The clock; null: the system's.</param>
    public static FramePump Prepare(
        FileDescriptor tap, FileDescriptor input, FileDescriptor output, TunnelOptions? options = null, TimeProvider? time = null) =>
        new(tap, input, output, options ?? new TunnelOptions { Role = TunnelRole.Node }, time ?? TimeProvider.System);

    /// <summary>Starts pumping.</summary>
    /// <returns>Itself.</returns>
    public FramePump Start()
    {
        foreach (var thread in _threads) thread.Start();
        return this;
    }

    /// <summary>Stops both threads and waits for them; frames in the batch are lost.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _end.TrySetResult(new PumpEnd(PumpSide.Stopped, "stopped"));
        _stop.Raise();
        foreach (var thread in _threads.Where(thread => thread.ThreadState != ThreadState.Unstarted)) thread.Join();
        Conversation.Speaks -= _speaks.Raise;
        _stop.Dispose();
        _speaks.Dispose();
    }

    private void Run(Func<PumpEnd?> direction)
    {
        try
        {
            if (direction() is { } end) _end.TrySetResult(end);
        }
#pragma warning disable CA1031 // A thread's entry: the owner gets the exception through Completion.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            _end.TrySetException(failure);
        }

        _stop.Raise();
    }

    // Null: the other direction ended, or the owner did.
    private PumpEnd? TapToStream()
    {
        var batch = new FrameBatch();
        using var words = new Poll((_speaks.Descriptor, PollEvents.POLLIN), (_stop.Descriptor, PollEvents.POLLIN));
        using var frames = new Poll((_tap, PollEvents.POLLIN), (_stop.Descriptor, PollEvents.POLLIN), (_speaks.Descriptor, PollEvents.POLLIN));
        using var room = new Poll((_output, PollEvents.POLLOUT), (_stop.Descriptor, PollEvents.POLLIN));
        while (true)
        {
            var ready = Conversation.MayAddFrames ? frames : words;
            ready.Wait();
            if (ready[1] != PollEvents.None) return null;
            _speaks.Lower();
            Compose(batch);
            var gone = Conversation.MayAddFrames ? batch.Fill(_tap, Conversation.SendsLargeFrames) : null;
            var end = Send(batch, room, out var stopped);
            if (stopped) return null;
            if (end is not null) return end;
            if (gone is { } error) return new PumpEnd(PumpSide.Tap, $"no frame can be read from the TAP: {error}");
        }
    }

    private void Compose(FrameBatch batch)
    {
        var former = Conversation.Version;
        Conversation.Compose(batch);
        // More than one batch holds: once more at once.
        if (Conversation.HasSomethingToSay) _speaks.Raise();
        if (Conversation.Version != former) Switched?.Invoke();
    }

    private PumpEnd? Send(FrameBatch batch, Poll room, out bool stopped)
    {
        stopped = false;
        while (!batch.Unsent.IsEmpty)
        {
            var written = _output.TryWrite(batch.Unsent);
            if (written.WouldBlock)
            {
                var progress = room.Wait(Conversation.Version == 2 ? ForProgress : null);
                stopped = room[1] != PollEvents.None;
                if (stopped) return null;
                if (!progress) return new PumpEnd(PumpSide.Stream, $"the stream took nothing for {ForProgress.TotalSeconds:0} s");
            }
            else if (written.Error is { } error)
            {
                return new PumpEnd(PumpSide.Stream, $"the peer takes no frames any more: {error}");
            }

            batch.Sent(written.Count);
        }

        return null;
    }

    private PumpEnd? StreamToTap()
    {
        using var data = new Poll((_input, PollEvents.POLLIN), (_stop.Descriptor, PollEvents.POLLIN));
        using var room = new Poll((_tap, PollEvents.POLLOUT), (_stop.Descriptor, PollEvents.POLLIN));
        // Version 0 has no signs of life to see to.
        TimeSpan? patience = _options.Version2 ? TickInterval : null;
        while (true)
        {
            data.Wait(patience);
            if (data[1] != PollEvents.None) return null;
            if (data[0] != PollEvents.None && Receive(room) is { } end) return end;
            if (!Conversation.Tick()) return new PumpEnd(PumpSide.Stream, Conversation.Reason);
        }
    }

    private PumpEnd? Receive(Poll room)
    {
        var reader = Conversation.Reader;
        var read = _input.TryRead(reader.Free);
        if (read.WouldBlock) return null;
        if (read.Error is { } error) return new PumpEnd(PumpSide.Stream, $"the peer cannot be read any more: {error}");
        if (read.Count == 0)
            return new PumpEnd(PumpSide.Stream, reader.InsideFrame ? "the peer closed the tunnel inside a frame" : "the peer closed the tunnel");
        Conversation.Received(read.Count);
        return Deliver(room);
    }

    private PumpEnd? Deliver(Poll room)
    {
        while (true)
        {
            var step = Conversation.Next(out var frame);
            if (step == TunnelStep.NeedMore) return null;
            if (step == TunnelStep.Refused) return new PumpEnd(PumpSide.Stream, Conversation.Reason);
            if (WriteFrame(frame, room) is { } error && !TapErrors.CostsOneFrame(error))
                return new PumpEnd(PumpSide.Tap, $"no frame can be written to the TAP: {error}");
        }
    }

    private Errno? WriteFrame(ReadOnlySpan<byte> frame, Poll room)
    {
        var written = VectorTransfer.TryWrite(_tap, Conversation.Reader.FrameHeader, frame);
        while (written.WouldBlock)
        {
            room.Wait();
            if (room[1] != PollEvents.None) break;
            written = VectorTransfer.TryWrite(_tap, Conversation.Reader.FrameHeader, frame);
        }

        return written.Error;
    }
}

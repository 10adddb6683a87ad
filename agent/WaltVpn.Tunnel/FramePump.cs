using WaltVpn.Linux;

namespace WaltVpn.Tunnel;

/// <summary>The node's end of the tunnel: two threads, one per direction, between a TAP and the two ends of a stream.</summary>
/// <remarks>
/// <code>
/// thread "tap to stream"   TAP ▶ FrameBatch ▶ output
/// thread "stream to tap"   TAP ◀ FrameReader ◀ input
/// </code>
/// Each waits in poll(2), with an eventfd that stops both. A TAP error or an odd frame costs one frame; a wrong length ends the tunnel.
/// The descriptors stay the caller's and are made non-blocking, so no other process may share their open file descriptions.
/// </remarks>
public sealed class FramePump : IDisposable
{
    private readonly FileDescriptor _tap;
    private readonly FileDescriptor _input;
    private readonly FileDescriptor _output;
    private readonly EventFd _stop = new();
    private readonly TaskCompletionSource<PumpEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread[] _threads;
    private bool _disposed;

    private FramePump(FileDescriptor tap, FileDescriptor input, FileDescriptor output)
    {
        (_tap, _input, _output) = (tap, input, output);
        foreach (var descriptor in (ReadOnlySpan<FileDescriptor>)[tap, input, output]) descriptor.NonBlocking = true;
        _threads =
        [
            new Thread(() => Run(TapToStream)) { Name = "tap to stream", IsBackground = true },
            new Thread(() => Run(StreamToTap)) { Name = "stream to tap", IsBackground = true },
        ];
    }

    /// <summary>Ends when the pump has: with the first side that ended, and why.</summary>
    public Task<PumpEnd> Completion => _end.Task;

    /// <summary>Starts pumping.</summary>
    /// <param name="tap">The TAP, or any descriptor that gives and takes one frame per call.</param>
    /// <param name="input">The stream from the peer.</param>
    /// <param name="output">The stream to the peer; may be the same descriptor as <paramref name="input"/>.</param>
    public static FramePump Start(FileDescriptor tap, FileDescriptor input, FileDescriptor output)
    {
        var pump = new FramePump(tap, input, output);
        foreach (var thread in pump._threads) thread.Start();
        return pump;
    }

    /// <summary>Stops both threads and waits for them; frames in the batch are lost.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _end.TrySetResult(new PumpEnd(PumpSide.Stopped, "stopped"));
        _stop.Raise();
        foreach (var thread in _threads) thread.Join();
        _stop.Dispose();
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
        using var frames = new Poll((_tap, PollEvents.POLLIN), (_stop.Descriptor, PollEvents.POLLIN));
        using var room = new Poll((_output, PollEvents.POLLOUT), (_stop.Descriptor, PollEvents.POLLIN));
        while (true)
        {
            frames.Wait();
            if (frames[1] != PollEvents.None) return null;
            var gone = batch.Fill(_tap);
            var end = Send(batch, room, out var stopped);
            if (stopped) return null;
            if (end is not null) return end;
            if (gone is { } error) return new PumpEnd(PumpSide.Tap, $"no frame can be read from the TAP: {error}");
        }
    }

    private PumpEnd? Send(FrameBatch batch, Poll room, out bool stopped)
    {
        stopped = false;
        while (!batch.Unsent.IsEmpty)
        {
            var written = _output.TryWrite(batch.Unsent);
            if (written.WouldBlock)
            {
                room.Wait();
                stopped = room[1] != PollEvents.None;
                if (stopped) return null;
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
        var reader = new FrameReader();
        using var data = new Poll((_input, PollEvents.POLLIN), (_stop.Descriptor, PollEvents.POLLIN));
        using var room = new Poll((_tap, PollEvents.POLLOUT), (_stop.Descriptor, PollEvents.POLLIN));
        while (true)
        {
            data.Wait();
            if (data[1] != PollEvents.None) return null;
            var read = _input.TryRead(reader.Free);
            if (read.WouldBlock) continue;
            if (read.Error is { } error) return new PumpEnd(PumpSide.Stream, $"the peer cannot be read any more: {error}");
            if (read.Count == 0)
                return new PumpEnd(PumpSide.Stream, reader.InsideFrame ? "the peer closed the tunnel inside a frame" : "the peer closed the tunnel");
            reader.Received(read.Count);
            if (Deliver(reader, room) is { } end) return end;
        }
    }

    private PumpEnd? Deliver(FrameReader reader, Poll room)
    {
        while (true)
        {
            switch (reader.Next(out var frame))
            {
                case FrameStep.NeedMore:
                    return null;
                case FrameStep.Refused:
                    return new PumpEnd(PumpSide.Stream, $"the peer announced a frame of {reader.RefusedLength} bytes: not a tunnel");
                case FrameStep.Frame:
                    if (WriteFrame(frame, room) is { } error && !TapErrors.CostsOneFrame(error))
                        return new PumpEnd(PumpSide.Tap, $"no frame can be written to the TAP: {error}");
                    break;
            }
        }
    }

    private Errno? WriteFrame(ReadOnlySpan<byte> frame, Poll room)
    {
        var written = _tap.TryWrite(frame);
        while (written.WouldBlock)
        {
            room.Wait();
            if (room[1] != PollEvents.None) break;
            written = _tap.TryWrite(frame);
        }

        return written.Error;
    }
}

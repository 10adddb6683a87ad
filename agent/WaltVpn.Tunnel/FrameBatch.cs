using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Tunnel;

/// <summary>All frames that are ready on a TAP, each with its length in front, in one buffer for one write. No copy, no allocation per frame.</summary>
public sealed class FrameBatch
{
    // One byte more than a frame may have, so that a longer one is seen instead of silently cut (docs/security.md L2-2).
    private const int MaxReads = 1024;
    private const int Room = TunnelFrame.PrefixLength + TunnelFrame.MaxLength + 1;
    private readonly byte[] _buffer;
    private int _start;
    private int _end;

    /// <param name="capacity">Bytes; room for at least one frame.</param>
    public FrameBatch(int capacity = 256 * 1024)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, Room);
        _buffer = GC.AllocateUninitializedArray<byte>(capacity, pinned: true);
    }

    /// <summary>What is still to be written to the stream.</summary>
    public ReadOnlySpan<byte> Unsent => _buffer.AsSpan(_start, _end - _start);

    /// <summary>Frames the last <see cref="Fill"/> took.</summary>
    public int Frames { get; private set; }

    /// <summary>Their bytes, prefixes not counted.</summary>
    public int Bytes => _end - (Frames * TunnelFrame.PrefixLength);

    /// <summary>Takes every frame that is ready, up to the capacity. Everything before must have been sent.</summary>
    /// <param name="tap">Non-blocking; each read gives one frame.</param>
    /// <param name="wanted">Says of a frame whether it is taken; null: each is.</param>
    /// <returns>Null while the TAP works; else why it gives no frame any more (0 bytes read counts as <see cref="Errno.ENODEV"/>).</returns>
    public Errno? Fill(FileDescriptor tap, Func<ReadOnlySpan<byte>, bool>? wanted = null)
    {
        (_start, _end, Frames) = (0, 0, 0);
        // Frames that are not wanted take no room: without a bound a flood of them would hold the thread here.
        for (var reads = 0; reads < MaxReads && _buffer.Length - _end >= Room; reads++)
        {
            var read = tap.TryRead(_buffer.AsSpan(_end + TunnelFrame.PrefixLength, Room - TunnelFrame.PrefixLength));
            if (read.WouldBlock) break;
            // What costs one frame ends the batch too: an error that comes again and again must not hold the thread here.
            if (read.Error is { } error) return TapErrors.CostsOneFrame(error) ? null : error;
            if (read.Count == 0) return Errno.ENODEV;
            Keep(read.Count, wanted);
        }

        return null;
    }

    /// <summary>Notes that the stream took bytes of <see cref="Unsent"/>.</summary>
    public void Sent(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _end - _start);
        _start += count;
    }

    /// <summary>Walks over the frames of the last <see cref="Fill"/>.</summary>
    /// <param name="position">0 at first; moved to the next frame.</param>
    /// <param name="frame">The frame without its prefix.</param>
    /// <returns>False after the last one.</returns>
    public bool TryGetFrame(ref int position, out ReadOnlySpan<byte> frame)
    {
        frame = default;
        if (position >= _end) return false;
        TunnelFrame.TryReadPrefix(_buffer.AsSpan(position), out var length);
        frame = _buffer.AsSpan(position + TunnelFrame.PrefixLength, length);
        position += TunnelFrame.PrefixLength + length;
        return true;
    }

    private void Keep(int length, Func<ReadOnlySpan<byte>, bool>? wanted)
    {
        if (length is < TunnelFrame.MinLength or > TunnelFrame.MaxLength) return;
        if (wanted?.Invoke(_buffer.AsSpan(_end + TunnelFrame.PrefixLength, length)) == false) return;
        TunnelFrame.WritePrefix(_buffer.AsSpan(_end), length);
        _end += TunnelFrame.PrefixLength + length;
        Frames++;
    }
}

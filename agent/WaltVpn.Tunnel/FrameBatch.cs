using System.Buffers.Binary;
using System.Text;
using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Tunnel;

/// <summary>
/// What is to be said to the peer, then all frames that are ready on a TAP, each with its prefix in front, in one buffer for one write. No copy, no
/// allocation per frame.
/// </summary>
public sealed class FrameBatch
{
    /// <summary>Several of the longest frames, or a thousand ordinary ones.</summary>
    public const int DefaultCapacity = 256 * 1024;

    private const int MaxReads = 1024;
    private readonly byte[] _plain = GC.AllocateArray<byte>(TunnelRecord.FrameHeaderLength, pinned: true);
    private byte[] _buffer;
    private int _start;
    private int _end;
    private int _firstFrame;

    /// <param name="buffer">Room for at least one of the longest frames; empty: <see cref="Lend"/> comes before all else.</param>
    public FrameBatch(byte[]? buffer = null) => _buffer = buffer ?? GC.AllocateUninitializedArray<byte>(DefaultCapacity, pinned: true);

    /// <summary>Frames go as records (version 2), not with lengths (version 0).</summary>
    public bool HasRecords { get; private set; }

    /// <summary>What is still to be written to the stream.</summary>
    public ReadOnlySpan<byte> Unsent => _buffer.AsSpan(_start, _end - _start);

    /// <summary>Frames the last <see cref="Fill"/> took.</summary>
    public int Frames { get; private set; }

    /// <summary>Their bytes, prefixes and headers not counted.</summary>
    public long Bytes { get; private set; }

    /// <summary>Frames it could not take: too long or too short, or made for a peer of version 2.</summary>
    public int Dropped { get; private set; }

    // One byte more than a frame may have, so that a longer one is seen instead of silently cut (docs/security.md L2-2).
    private int Room => HasRecords ? TunnelRecord.MaxTotal + 1 : TunnelFrame.PrefixLength + TunnelFrame.MaxLength + 1;

    /// <summary>Works in this buffer from now on; everything must have been sent.</summary>
    /// <returns>The one that was used so far.</returns>
    public byte[] Lend(byte[] buffer)
    {
        if (!Unsent.IsEmpty) throw new InvalidOperationException("not everything was sent");
        var former = _buffer;
        _buffer = buffer;
        Clear();
        return former;
    }

    /// <summary>Begins anew. Everything before must have been sent.</summary>
    public void Clear() => (_start, _end, _firstFrame, Frames, Bytes, Dropped) = (0, 0, 0, 0, 0, 0);

    /// <summary>Adds marker and hello.</summary>
    /// <param name="hello">What this end speaks.</param>
    /// <param name="switches">Records follow; else it is an offer, and nothing changes.</param>
    public void AddHello(TunnelHello hello, bool switches)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_buffer.AsSpan(_end), 0);
        _end += TunnelRecord.MarkerLength;
        TunnelRecord.WritePrefix(_buffer.AsSpan(_end), TunnelRecordType.Hello, TunnelHello.MinLength);
        hello.Write(_buffer.AsSpan(_end + TunnelRecord.PrefixLength));
        _end += TunnelRecord.PrefixLength + TunnelHello.MinLength;
        HasRecords |= switches;
    }

    /// <summary>Is there room for a record of that length?</summary>
    public bool HasRoomFor(int length) => _buffer.Length - _end >= TunnelRecord.PrefixLength + length;

    /// <summary>Adds a record that is no frame.</summary>
    public void Add(TunnelRecordType type, ReadOnlySpan<byte> content)
    {
        if (!HasRecords) throw new InvalidOperationException($"{type} in version 0");
        TunnelRecord.WritePrefix(_buffer.AsSpan(_end), type, content.Length);
        content.CopyTo(_buffer.AsSpan(_end + TunnelRecord.PrefixLength));
        _end += TunnelRecord.PrefixLength + content.Length;
    }

    /// <summary>Adds the end of the tunnel.</summary>
    /// <param name="reason">Why; cut when it is longer than a record.</param>
    public void AddEnd(string reason)
    {
        var text = Encoding.UTF8.GetBytes(reason);
        Add(TunnelRecordType.Close, text.AsSpan(0, Math.Min(text.Length, TunnelRecord.MaxCloseLength)));
    }

    /// <summary>Adds every frame that is ready, up to the capacity.</summary>
    /// <param name="tap">Non-blocking, with headers; each read gives one frame.</param>
    /// <param name="large">The peer takes frames that are not plain.</param>
    /// <param name="wanted">Says of a frame whether it is taken; null: each is.</param>
    /// <returns>Null while the TAP works; else why it gives no frame any more (0 bytes read counts as <see cref="Errno.ENODEV"/>).</returns>
    public Errno? Fill(FileDescriptor tap, bool large = false, Func<ReadOnlySpan<byte>, bool>? wanted = null)
    {
        _firstFrame = _end;
        // Frames that are not wanted take no room: without a bound a flood of them would hold the thread here.
        for (var reads = 0; reads < MaxReads && _buffer.Length - _end >= Room; reads++)
        {
            var read = VectorTransfer.TryRead(tap, HeaderPlace, _buffer.AsSpan(FramePlace, Room - (FramePlace - _end)));
            if (read.WouldBlock) break;
            // What costs one frame ends the batch too: an error that comes again and again must not hold the thread here.
            if (read.Error is { } error) return TapErrors.CostsOneFrame(error) ? null : error;
            if (read.Count == 0) return Errno.ENODEV;
            Keep(read.Count - TunnelRecord.FrameHeaderLength, large, wanted);
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
    /// <param name="frame">The frame without what stands in front of it.</param>
    /// <returns>False after the last one.</returns>
    public bool TryGetFrame(ref int position, out ReadOnlySpan<byte> frame)
    {
        frame = default;
        position = Math.Max(position, _firstFrame);
        if (position >= _end) return false;
        var (before, length) = (TunnelFrame.PrefixLength, 0);
        if (HasRecords)
        {
            TunnelRecord.TryReadPrefix(_buffer.AsSpan(position), out _, out length);
            (before, length) = (TunnelRecord.PrefixLength + TunnelRecord.FrameHeaderLength, length - TunnelRecord.FrameHeaderLength);
        }
        else
        {
            TunnelFrame.TryReadPrefix(_buffer.AsSpan(position), out length);
        }

        frame = _buffer.AsSpan(position + before, length);
        position += before + length;
        return true;
    }

    // Version 0 has no place for the header: it is read beside the buffer, and must say nothing.
    private Span<byte> HeaderPlace => HasRecords ? _buffer.AsSpan(_end + TunnelRecord.PrefixLength, TunnelRecord.FrameHeaderLength) : _plain;

    private int FramePlace => _end + (HasRecords ? TunnelRecord.PrefixLength + TunnelRecord.FrameHeaderLength : TunnelFrame.PrefixLength);

    private void Keep(int length, bool large, Func<ReadOnlySpan<byte>, bool>? wanted)
    {
        if (!IsFit(length, large))
        {
            Dropped++;
            return;
        }

        var place = FramePlace;
        if (wanted?.Invoke(_buffer.AsSpan(place, length)) == false) return;
        if (HasRecords) TunnelRecord.WritePrefix(_buffer.AsSpan(_end), TunnelRecordType.Frame, TunnelRecord.FrameHeaderLength + length);
        else TunnelFrame.WritePrefix(_buffer.AsSpan(_end), length);
        _end = place + length;
        Frames++;
        Bytes += length;
    }

    // What waited in the TAP since it was read for a peer of version 2 cannot go to one of version 0.
    private bool IsFit(int length, bool large)
    {
        if (length < TunnelFrame.MinLength) return false;
        var header = VirtioNetHeader.Read(HeaderPlace);
        if (!large && !header.IsPlain) return false;
        return length <= (header.Segmentation == Segmentation.None ? TunnelFrame.MaxLength : TunnelRecord.MaxFrameLength);
    }
}

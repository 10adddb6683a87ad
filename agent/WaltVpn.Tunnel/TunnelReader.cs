using WaltVpn.Protocol;

namespace WaltVpn.Tunnel;

/// <summary>Puts the frames and records of a stream together again, however the stream was cut. One buffer, no allocation and no copy per frame.</summary>
/// <remarks>
/// Use: read from the stream into <see cref="Free"/>, tell <see cref="Received"/> how much came, then call <see cref="Next"/> until it wants more.
/// Length and type are checked before any of the content is kept (docs/security.md L2-1); after <see cref="TunnelStep.Refused"/> the stream has no
/// meaning any more.
/// </remarks>
public sealed class TunnelReader
{
    /// <summary>Room for several of the longest records.</summary>
    public const int DefaultCapacity = 256 * 1024;

    private static readonly byte[] s_plain = new byte[TunnelRecord.FrameHeaderLength];
    private byte[] _buffer;
    private int _start;
    private int _end;
    private int _frameHeader;

    /// <param name="buffer">Room for at least two of the longest records of the framing; empty: <see cref="Lend"/> comes before <see cref="Free"/>.</param>
    public TunnelReader(byte[]? buffer = null) => _buffer = buffer ?? GC.AllocateUninitializedArray<byte>(DefaultCapacity, pinned: true);

    /// <summary>The stream consists of records (version 2), not of lengths and frames (version 0). To be set right after a hello.</summary>
    public bool HasRecords { get; set; }

    /// <summary>In version 0: a length of zero begins a hello. Else it is refused.</summary>
    public bool ExpectsHello { get; set; }

    /// <summary>Where the next bytes of the stream go. Never empty after <see cref="Next"/> said <see cref="TunnelStep.NeedMore"/>.</summary>
    public Span<byte> Free => _buffer.AsSpan(_end);

    /// <summary>The stream stands inside a frame, a record or what is in front of it: an end here cuts something off.</summary>
    public bool InsideFrame => _end > _start;

    /// <summary>The virtio-net header of the last frame, valid as long as the frame; in version 0 that of a plain one.</summary>
    public ReadOnlySpan<byte> FrameHeader => HasRecords ? _buffer.AsSpan(_frameHeader, TunnelRecord.FrameHeaderLength) : s_plain;

    /// <summary>What was refused, for the reason's text; meaningful after <see cref="TunnelStep.Refused"/>.</summary>
    public string Refused { get; private set; } = "";

    /// <summary>Works in this buffer from now on; nothing may be inside it (<see cref="InsideFrame"/>).</summary>
    /// <returns>The one that was used so far.</returns>
    public byte[] Lend(byte[] buffer)
    {
        if (InsideFrame) throw new InvalidOperationException("the stream stands inside a frame");
        var former = _buffer;
        (_buffer, _start, _end) = (buffer, 0, 0);
        return former;
    }

    /// <summary>Takes bytes that were put into <see cref="Free"/>.</summary>
    public void Received(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _buffer.Length - _end);
        _end += count;
    }

    /// <summary>Looks for what comes next.</summary>
    /// <param name="content">The Ethernet frame, or what the record holds; valid until the next call of any method.</param>
    public TunnelStep Next(out ReadOnlySpan<byte> content)
    {
        content = default;
        var waiting = _buffer.AsSpan(_start, _end - _start);
        return HasRecords ? NextRecord(waiting, out content) : NextFrame(waiting, out content);
    }

    private TunnelStep NextFrame(ReadOnlySpan<byte> waiting, out ReadOnlySpan<byte> frame)
    {
        frame = default;
        if (waiting.Length < TunnelFrame.PrefixLength) return WaitForMore();
        if (!TunnelFrame.TryReadPrefix(waiting, out var length))
            return length == 0 && ExpectsHello ? NextHello(waiting, out frame) : Refuse($"a frame of {length} bytes");
        if (waiting.Length < TunnelFrame.PrefixLength + length) return WaitForMore();
        frame = waiting.Slice(TunnelFrame.PrefixLength, length);
        _start += TunnelFrame.PrefixLength + length;
        return TunnelStep.Frame;
    }

    private TunnelStep NextHello(ReadOnlySpan<byte> waiting, out ReadOnlySpan<byte> hello)
    {
        hello = default;
        const int Before = TunnelRecord.MarkerLength + TunnelRecord.PrefixLength;
        if (waiting.Length < Before) return WaitForMore();
        if (!TunnelRecord.TryReadPrefix(waiting[TunnelRecord.MarkerLength..], out var type, out var length) || type != TunnelRecordType.Hello)
            return Refuse($"a record of type {(byte)type} with {length} bytes in place of a hello");
        if (waiting.Length < Before + length) return WaitForMore();
        hello = waiting.Slice(Before, length);
        _start += Before + length;
        return TunnelStep.Hello;
    }

    private TunnelStep NextRecord(ReadOnlySpan<byte> waiting, out ReadOnlySpan<byte> content)
    {
        content = default;
        if (waiting.Length < TunnelRecord.PrefixLength) return WaitForMore();
        if (!TunnelRecord.TryReadPrefix(waiting, out var type, out var length) || type == TunnelRecordType.Hello)
            return Refuse($"a record of type {(byte)type} with {length} bytes");
        if (waiting.Length < TunnelRecord.PrefixLength + length) return WaitForMore();
        content = waiting.Slice(TunnelRecord.PrefixLength, length);
        _frameHeader = _start + TunnelRecord.PrefixLength;
        _start += TunnelRecord.PrefixLength + length;
        if (type == TunnelRecordType.Frame) content = content[TunnelRecord.FrameHeaderLength..];
        return Step(type);
    }

    private static TunnelStep Step(TunnelRecordType type) => type switch
    {
        TunnelRecordType.Hello => TunnelStep.Hello,
        TunnelRecordType.Frame => TunnelStep.Frame,
        TunnelRecordType.Ping => TunnelStep.Ping,
        TunnelRecordType.Pong => TunnelStep.Pong,
        TunnelRecordType.Control => TunnelStep.Control,
        TunnelRecordType.Close => TunnelStep.Close,
    };

    private TunnelStep Refuse(string what)
    {
        Refused = what;
        return TunnelStep.Refused;
    }

    // Less than one record is left: moving it to the front costs little, and only happens when the rest of it would not fit behind.
    private TunnelStep WaitForMore()
    {
        if (_start == _end) (_start, _end) = (0, 0);
        var largest = HasRecords ? TunnelRecord.MaxTotal : TunnelFrame.PrefixLength + TunnelFrame.MaxLength;
        if (_buffer.Length - _start >= largest && _end < _buffer.Length) return TunnelStep.NeedMore;
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        return TunnelStep.NeedMore;
    }
}

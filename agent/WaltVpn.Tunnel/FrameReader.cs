using WaltVpn.Protocol;

namespace WaltVpn.Tunnel;

/// <summary>Puts the frames of a version-0 stream together again, however the stream was cut. One fixed buffer, no allocation per frame.</summary>
/// <remarks>
/// Use: read from the stream into <see cref="Free"/>, tell <see cref="Received"/> how much came, then call <see cref="Next"/> until it wants more.
/// A length is checked before any of its frame is kept (docs/security.md L2-1); after <see cref="FrameStep.Refused"/> the stream has no meaning any more.
/// </remarks>
public sealed class FrameReader
{
    private const int LargestRecord = TunnelFrame.PrefixLength + TunnelFrame.MaxLength;
    private readonly byte[] _buffer;
    private int _start;
    private int _end;

    /// <param name="capacity">Bytes; room for at least two whole records.</param>
    public FrameReader(int capacity = 64 * 1024)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 2 * LargestRecord);
        _buffer = GC.AllocateUninitializedArray<byte>(capacity, pinned: true);
    }

    /// <summary>Where the next bytes of the stream go. Never empty after <see cref="Next"/> said <see cref="FrameStep.NeedMore"/>.</summary>
    public Span<byte> Free => _buffer.AsSpan(_end);

    /// <summary>The stream stands inside a frame or its prefix: an end here cuts something off.</summary>
    public bool InsideFrame => _end > _start;

    /// <summary>The length that was refused; meaningful after <see cref="FrameStep.Refused"/>.</summary>
    public int RefusedLength { get; private set; }

    /// <summary>Takes bytes that were put into <see cref="Free"/>.</summary>
    public void Received(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _buffer.Length - _end);
        _end += count;
    }

    /// <summary>Looks for the next whole frame.</summary>
    /// <param name="frame">The Ethernet frame, valid until the next call of any method.</param>
    public FrameStep Next(out ReadOnlySpan<byte> frame)
    {
        frame = default;
        var waiting = _buffer.AsSpan(_start, _end - _start);
        if (waiting.Length < TunnelFrame.PrefixLength) return WaitForMore();
        if (!TunnelFrame.TryReadPrefix(waiting, out var length))
        {
            RefusedLength = length;
            return FrameStep.Refused;
        }

        if (waiting.Length < TunnelFrame.PrefixLength + length) return WaitForMore();
        frame = waiting.Slice(TunnelFrame.PrefixLength, length);
        _start += TunnelFrame.PrefixLength + length;
        return FrameStep.Frame;
    }

    // Less than one record is left: moving it to the front costs little, and only happens when the rest of it would not fit behind.
    private FrameStep WaitForMore()
    {
        if (_start == _end) (_start, _end) = (0, 0);
        if (_buffer.Length - _start >= LargestRecord && _end < _buffer.Length) return FrameStep.NeedMore;
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        return FrameStep.NeedMore;
    }
}

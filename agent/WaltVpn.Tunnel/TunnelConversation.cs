using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using WaltVpn.Protocol;

namespace WaltVpn.Tunnel;

/// <summary>
/// One end's part of a tunnel's conversation, in both versions: who says when which version begins, signs of life, words beside the frames. No I/O.
/// docs/protocol.md "Tunnel".
/// </summary>
/// <remarks>
/// <code>
/// server ▶ marker, hello (the offer; nothing changes)       only when it was asked for version 2
/// node   ▶ marker, hello; records from here on              at any time after the offer, also between frames of version 0
/// server ▶ marker, hello; records from here on
/// </code>
/// One thread reads: <see cref="Reader"/>, <see cref="Next"/>, <see cref="Tick"/>. One writes: <see cref="Compose"/>. They may be the same. Any thread may
/// <see cref="TryTell"/>.
/// </remarks>
public sealed class TunnelConversation
{
    // More words than that wait only behind a stream that takes nothing.
    private const int MaxWaitingWords = 16;

    private readonly TunnelOptions _options;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly Lock _gate = new();
    private readonly Queue<byte[]> _words = [];
    private TunnelHello _peer;
    private bool _sawOffer;
    private bool _offers;
    private bool _switches;
    private bool _pings;
    private ulong? _pong;
    private long _heardAt;
    private long _pingedAt;
    private long _roundTrip;
    private volatile bool _mayAddFrames;
    private volatile bool _hasSwitched;
    private volatile bool _speaks;

    /// <param name="options">Which end it is.</param>
    /// <param name="time">The clock; monotonic timestamps only.</param>
    /// <param name="reader">Takes the stream apart; null: one with a buffer of its own.</param>
    public TunnelConversation(TunnelOptions options, TimeProvider time, TunnelReader? reader = null)
    {
        (_options, _time, _start, Reader) = (options, time, time.GetTimestamp(), reader ?? new TunnelReader());
        (_heardAt, _pingedAt) = (_start, _start);
        _offers = _speaks = options is { Role: TunnelRole.Server, Version2: true };
        _mayAddFrames = options.Role == TunnelRole.Server || !options.Version2;
        Reader.ExpectsHello = options.Version2;
    }

    /// <summary>There is something for <see cref="Compose"/> to say. Raised in the thread that reads, or that of <see cref="TryTell"/>.</summary>
    public event Action? Speaks;

    /// <summary>The peer said a word it may say; raised in the thread that reads.</summary>
    public event Action<TunnelControl>? Told;

    /// <summary>The stream from the peer.</summary>
    public TunnelReader Reader { get; }

    /// <summary>The version in which this end sends now: 0 or 2.</summary>
    public int Version => _hasSwitched ? 2 : 0;

    /// <summary>Frames may be sent: it is known in which version.</summary>
    public bool MayAddFrames => _mayAddFrames;

    /// <summary>The peer takes frames that are still to be cut, or whose checksum is still to be made.</summary>
    public bool SendsLargeFrames => _hasSwitched && _peer.LargeFrames;

    /// <summary>The server takes <see cref="TunnelControl.NodeReports"/>.</summary>
    public bool HearsReports => _hasSwitched && _peer.HearsReports;

    /// <summary>Something waits for <see cref="Compose"/>.</summary>
    public bool HasSomethingToSay => _speaks;

    /// <summary>The peer has sent something.</summary>
    public bool HasHeard { get; private set; }

    /// <summary>Time from the last ping to its pong; null before the first one, and in version 0.</summary>
    public TimeSpan? RoundTrip => Interlocked.Read(ref _roundTrip) is > 0 and var ticks ? TimeSpan.FromTicks(ticks) : null;

    /// <summary>Frames whose virtio-net header was not true (docs/security.md L2-9).</summary>
    public long UntrueHeaders { get; private set; }

    /// <summary>Why the conversation is over; meaningful after <see cref="TunnelStep.Refused"/>, or when <see cref="Tick"/> said so.</summary>
    public string Reason { get; private set; } = "";

    private string Peer => _options.Role == TunnelRole.Server ? "node" : "server";

    private TimeSpan DeadAfter => _peer.DeadAfter > TimeSpan.Zero && _peer.DeadAfter < _options.DeadAfter ? _peer.DeadAfter : _options.DeadAfter;

    /// <summary>Notes that bytes came from the peer, which are in the reader.</summary>
    public void Received(int count)
    {
        Reader.Received(count);
        (_heardAt, HasHeard) = (_time.GetTimestamp(), true);
    }

    /// <summary>Looks for the next frame; everything else that comes is answered here.</summary>
    /// <param name="frame">The Ethernet frame; its header is in the reader.</param>
    /// <returns><see cref="TunnelStep.Frame"/>, <see cref="TunnelStep.NeedMore"/>, or <see cref="TunnelStep.Refused"/>: the tunnel must end.</returns>
    public TunnelStep Next(out ReadOnlySpan<byte> frame)
    {
        while (true)
        {
            var step = Reader.Next(out frame);
            if (step == TunnelStep.NeedMore) return step;
            if (step == TunnelStep.Frame)
            {
                if (!IsTrue(frame)) continue;
                if (!_mayAddFrames) GoOnInVersion0();
                // An offer is a server's first word, or there is none.
                if (_options.Role == TunnelRole.Node && !_sawOffer) Reader.ExpectsHello = false;
                return step;
            }

            if (step == TunnelStep.Refused) Reason = $"the {Peer} announced {Reader.Refused}: not a tunnel";
            if (!Understand(step, frame)) return TunnelStep.Refused;
        }
    }

    /// <summary>To be called every second or so by the thread that reads: asks for signs of life, and misses them.</summary>
    /// <returns>False when the peer is dead: the tunnel must end.</returns>
    public bool Tick()
    {
        if (!_mayAddFrames && _time.GetElapsedTime(_start) >= _options.Patience) GoOnInVersion0();
        if (!_hasSwitched) return true;
        if (_time.GetElapsedTime(_heardAt) is var silence && silence >= DeadAfter)
        {
            Reason = string.Create(CultureInfo.InvariantCulture, $"no sign of life from the {Peer} for {silence.TotalSeconds:0} s");
            return false;
        }

        if (_time.GetElapsedTime(_pingedAt) < DeadAfter / 3) return true;
        _pingedAt = _time.GetTimestamp();
        lock (_gate) _pings = _speaks = true;
        Speaks?.Invoke();
        return true;
    }

    /// <summary>Says a word beside the frames, after those that wait already.</summary>
    /// <returns>False when the peer does not speak version 2, or does not take what was said before.</returns>
    public bool TryTell(TunnelControl word)
    {
        var json = word.ToJson();
        lock (_gate)
        {
            if (!_hasSwitched || _words.Count == MaxWaitingWords) return false;
            _words.Enqueue(json);
            _speaks = true;
        }

        Speaks?.Invoke();
        return true;
    }

    /// <summary>Begins a batch with what there is to say; frames may follow when <see cref="MayAddFrames"/> says so. What was in it must have been sent.</summary>
    public void Compose(FrameBatch batch)
    {
        batch.Clear();
        if (!_speaks) return;
        lock (_gate)
        {
            var hello = new TunnelHello(LargeFrames: true, _options.DeadAfter, HearsReports: _options.Role == TunnelRole.Server);
            if (_offers) batch.AddHello(hello, switches: false);
            if (_switches) batch.AddHello(hello, switches: true);
            _hasSwitched |= _switches;
            (_offers, _switches) = (false, false);
            if (batch.HasRecords) AddRecords(batch);
            _speaks = _words.Count > 0;
        }
    }

    private void AddRecords(FrameBatch batch)
    {
        Span<byte> time = stackalloc byte[TunnelRecord.PingLength];
        if (_pong is { } asked)
        {
            BinaryPrimitives.WriteUInt64BigEndian(time, asked);
            batch.Add(TunnelRecordType.Pong, time);
        }

        if (_pings)
        {
            BinaryPrimitives.WriteInt64BigEndian(time, _time.GetTimestamp());
            batch.Add(TunnelRecordType.Ping, time);
        }

        (_pong, _pings) = (null, false);
        while (_words.TryPeek(out var word) && batch.HasRoomFor(word.Length)) batch.Add(TunnelRecordType.Control, _words.Dequeue());
    }

    private bool IsTrue(ReadOnlySpan<byte> frame)
    {
        if (!Reader.HasRecords || VirtioNetRules.Allow(VirtioNetHeader.Read(Reader.FrameHeader), frame)) return true;
        UntrueHeaders++;
        return false;
    }

    private bool Understand(TunnelStep step, ReadOnlySpan<byte> content) => step switch
    {
        TunnelStep.Hello => OnHello(content),
        TunnelStep.Ping => OnPing(BinaryPrimitives.ReadUInt64BigEndian(content)),
        TunnelStep.Pong => OnPong(BinaryPrimitives.ReadInt64BigEndian(content)),
        TunnelStep.Control => OnControl(content),
        TunnelStep.Close => End($"the {Peer} ended the tunnel: {Printable(content)}"),
        TunnelStep.Refused => false,
        TunnelStep.Frame or TunnelStep.NeedMore => throw new InvalidOperationException($"{step} is nothing to understand"),
    };

    private bool OnHello(ReadOnlySpan<byte> content)
    {
        if (!TunnelHello.TryRead(content, out var hello)) return End($"the {Peer}'s hello makes no sense: {Convert.ToHexStringLower(content)}");
        var isOffer = _options.Role == TunnelRole.Node && !_sawOffer;
        _sawOffer = true;
        // After its offer the server goes on in version 0 until it has heard the node's hello, and says so by another one.
        (Reader.ExpectsHello, Reader.HasRecords) = (isOffer, !isOffer);
        if (_options.Role == TunnelRole.Node && !isOffer) return true;
        lock (_gate) (_peer, _switches, _speaks) = (hello, true, true);
        _pingedAt = _time.GetTimestamp();
        _mayAddFrames = true;
        Speaks?.Invoke();
        return true;
    }

    private bool OnPing(ulong time)
    {
        lock (_gate) (_pong, _speaks) = (time, true);
        Speaks?.Invoke();
        return true;
    }

    private bool OnPong(long time)
    {
        var roundTrip = _time.GetElapsedTime(time);
        // A time that no ping of ours can have had says nothing.
        if (time >= _start && roundTrip > TimeSpan.Zero) Interlocked.Exchange(ref _roundTrip, roundTrip.Ticks);
        return true;
    }

    private bool OnControl(ReadOnlySpan<byte> json)
    {
        if (!TunnelControl.TryRead(json, out var word)) return End($"the {Peer} sent a control record that is none");
        if (_options.Role == TunnelRole.Server && !IsNodesToSay(word, out var reason)) return End(reason);
        Told?.Invoke(word);
        return true;
    }

    // docs/security.md L2-10: one word, whole and within its ranges.
    private static bool IsNodesToSay(TunnelControl word, out string reason)
    {
        reason = word.Kind == TunnelControl.NodeReports
            ? "the node sent a report that is none"
            : $"the node said '{Printable(Encoding.UTF8.GetBytes(word.Kind))}', which is the server's to say";
        return word is { Kind: TunnelControl.NodeReports, Report.IsValid: true };
    }

    private bool End(string reason)
    {
        Reason = reason;
        return false;
    }

    private void GoOnInVersion0()
    {
        _mayAddFrames = true;
        Speaks?.Invoke();
    }

    // The other side wrote it.
    private static string Printable(ReadOnlySpan<byte> text)
    {
        const int Enough = 200;
        return new string([.. Encoding.UTF8.GetString(text).Take(Enough).Select(c => char.IsControl(c) ? '?' : c)]);
    }
}

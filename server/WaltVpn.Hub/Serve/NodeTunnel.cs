using WaltVpn.Hub.Dhcp;
using WaltVpn.Hub.Rules;
using WaltVpn.Linux;
using WaltVpn.Protocol;
using WaltVpn.Tunnel;

namespace WaltVpn.Hub.Serve;

/// <summary>One node's live tunnel: its TAP, the two ends of its SSH session, and the rules between them. Everything non-blocking.</summary>
/// <remarks>
/// <code>
/// input  ▶ TunnelConversation ▶ AddressRules ▶ TAP ▶ DhcpSnooping    one read per turn, so that no node holds the loop
/// output ◀ DhcpSnooping ◀ FrameBatch ◀ TAP ◀ bridge                  while output is full the TAP is not read: its queue in the kernel drops the newest
/// </code>
/// </remarks>
internal sealed class NodeTunnel : IDisposable
{
    // What sshd's ends hold beside: several batches, so that both sides work at once.
    private const int StreamCapacity = 1 << 20;
    // docs/security.md L2-4.
    private static readonly TimeSpan ForProgress = TimeSpan.FromSeconds(10);

    private readonly EventLoop _loop;
    private readonly ExpectedNode _node;
    private readonly DhcpSnooping _dhcp;
    private readonly AddressRules _rules;
    private readonly TunnelConversation _conversation;
    private readonly BufferPool _buffers;
    private readonly TimeProvider _time;
    private readonly Action<string, string> _ended;
    private readonly Action<HeardReport> _heard;
    private readonly ReportRate _reports;
    private readonly FileDescriptor _tap;
    private readonly FileDescriptor _input;
    private readonly FileDescriptor _output;
    private readonly FrameBatch _batch = new([]);
    private readonly ulong _tapKey;
    private readonly ulong _inputKey;
    private readonly ulong _outputKey;
    private readonly DateTimeOffset _since;
    private long _framesFromNode;
    private long _framesToNode;
    private long _bytesFromNode;
    private long _bytesToNode;
    private long _framesRefused;
    private long _framesDropped;
    private long? _fullSince;
    private EpollEvents _awaited;
    private bool _closed;

    /// <param name="loop">Where it runs.</param>
    /// <param name="node">Whose it is.</param>
    /// <param name="dhcp">Learns its addresses.</param>
    /// <param name="ports">TAP with headers, input and output, all owned from now on.</param>
    /// <param name="conversation">Our end of it, without a buffer.</param>
    /// <param name="buffers">Where it has one from, while it needs one.</param>
    /// <param name="time">The clocks.</param>
    /// <param name="ended">Called once, with the node's id and the reason; then dispose.</param>
    /// <param name="heard">Takes what it reports.</param>
    public NodeTunnel(
        EventLoop loop,
        ExpectedNode node,
        DhcpSnooping dhcp,
        (FileDescriptor Tap, FileDescriptor Input, FileDescriptor Output) ports,
        TunnelConversation conversation,
        BufferPool buffers,
        TimeProvider time,
        Action<string, string> ended,
        Action<HeardReport> heard)
    {
        (_loop, _node, _dhcp, _conversation, _buffers, _time, _ended, _heard) = (loop, node, dhcp, conversation, buffers, time, ended, heard);
        _reports = new ReportRate(time);
        _conversation.Told += OnWord;
        (_tap, _input, _output) = ports;
        _since = time.GetUtcNow();
        _rules = new AddressRules(node.VpnMac, dhcp.Addresses);
        foreach (var stream in (ReadOnlySpan<FileDescriptor>)[_input, _output])
        {
            stream.NonBlocking = true;
            Widen(stream);
        }

        _tapKey = loop.Add(_tap, EpollEvents.EPOLLIN, OnTap);
        _inputKey = loop.Add(_input, EpollEvents.EPOLLIN, OnInput);
        // Nothing is waited for, yet the end of the reader is told (EPOLLERR, EPOLLHUP). An offer goes out with the first round.
        _awaited = conversation.HasSomethingToSay ? EpollEvents.EPOLLOUT : EpollEvents.None;
        _outputKey = loop.Add(_output, _awaited, OnOutput);
    }

    /// <summary>The station it is.</summary>
    public MacAddress VpnMac => _node.VpnMac;

    /// <summary>What an operator sees of it.</summary>
    public TunnelSession View => new()
    {
        NodeId = _node.NodeId,
        VpnMac = _node.VpnMac,
        CertificateSerial = _node.CertificateSerial,
        Tap = Bridge.TapName(_node.NodeId),
        Since = _since,
        Addresses = [.. _dhcp.Addresses.All.Select(lease => AddressBook.Text(lease.Address))],
        FramesFromNode = _framesFromNode,
        FramesToNode = _framesToNode,
        BytesFromNode = _bytesFromNode,
        BytesToNode = _bytesToNode,
        FramesRefused = _framesRefused + _conversation.UntrueHeaders,
        FramesDropped = _framesDropped,
        TunnelVersion = _conversation.Version,
        RoundTripMilliseconds = _conversation.RoundTrip?.TotalMilliseconds,
    };

    private bool IsOutputFull => _fullSince is not null;

    /// <summary>Says a word to the node, beside the frames.</summary>
    /// <returns>False: it speaks version 0, or takes nothing now.</returns>
    public bool TryTell(TunnelControl word)
    {
        if (!_conversation.TryTell(word)) return false;
        Speak();
        return true;
    }

    /// <summary>To be called every second or so.</summary>
    public void Tick()
    {
        if (!_conversation.Tick()) End(_conversation.Reason);
        else if (_conversation.Version == 2 && _fullSince is { } since && _time.GetElapsedTime(since) >= ForProgress)
            End($"the node took nothing for {ForProgress.TotalSeconds:0} s");
        else Speak();
    }

    /// <summary>Tells the node why its tunnel ends, where that can be said.</summary>
    public void SayEnd(string reason)
    {
        if (_closed || !_batch.HasRecords || !_batch.Unsent.IsEmpty) return;
        _buffers.Return(_batch.Lend(_buffers.Take()));
        _batch.AddEnd(reason);
        // Where it does not fit, the session's standard error still says it.
        _output.TryWrite(_batch.Unsent);
        _batch.Clear();
    }

    public void Dispose()
    {
        if (_closed) return;
        _closed = true;
        foreach (var (key, descriptor) in (ReadOnlySpan<(ulong, FileDescriptor)>)[(_tapKey, _tap), (_inputKey, _input), (_outputKey, _output)])
        {
            _loop.Remove(key, descriptor);
            descriptor.Dispose();
        }
    }

    private static void Widen(FileDescriptor stream)
    {
        try
        {
            if (stream.Type == FileType.S_IFIFO) stream.PipeSize = StreamCapacity;
            else UnixSocket.SetSendBuffer(stream, StreamCapacity);
        }
        catch (ErrnoException full) when (full.Errno is Errno.EPERM or Errno.EBUSY)
        {
            // pipe(7), pipe-user-pages-soft: that user has many pipes already. The tunnel works, with more and smaller writes.
        }
    }

    private void OnInput(EpollEvents events)
    {
        if (_conversation.Reader.Free.IsEmpty) _conversation.Reader.Lend(_buffers.Take());
        var read = _input.TryRead(_conversation.Reader.Free);
        if (read.Error is { } error and not Errno.EAGAIN) End($"the node cannot be read: {error}");
        else if (read is { Succeeded: true, Count: 0 }) End("the node closed the tunnel");
        else if (read.Count > 0) Deliver(read.Count);
        if (!_closed && !_conversation.Reader.InsideFrame) _buffers.Return(_conversation.Reader.Lend([]));
    }

    private void Deliver(int count)
    {
        _conversation.Received(count);
        var step = TunnelStep.Frame;
        while (!_closed && step == TunnelStep.Frame)
        {
            step = _conversation.Next(out var frame);
            // A report too many has ended it meanwhile.
            if (!_closed && step == TunnelStep.Frame) FromNode(frame);
        }

        if (_closed) return;
        if (step == TunnelStep.Refused) End(_conversation.Reason);
        else Speak();
    }

    // The conversation lets reports pass, and nothing else.
    private void OnWord(TunnelControl word)
    {
        if (_reports.Allows()) _heard(new HeardReport(_node.NodeId, word.Report!));
        else End("the node reports more than anybody reads");
    }

    private void FromNode(ReadOnlySpan<byte> frame)
    {
        if (_rules.FromNode(frame) != FrameVerdict.Pass)
        {
            _framesRefused++;
            return;
        }

        var written = VectorTransfer.TryWrite(_tap, _conversation.Reader.FrameHeader, frame);
        if (written.Error is { } error)
        {
            if (!TapErrors.CostsOneFrame(error)) End($"the TAP is gone: {error}");
            _framesDropped++;
            return;
        }

        _framesFromNode++;
        _bytesFromNode += frame.Length;
        _dhcp.FromNode(frame);
    }

    private void OnTap(EpollEvents events)
    {
        if (IsOutputFull) return;
        Compose();
        var gone = _batch.Fill(_tap, _conversation.SendsLargeFrames, static frame => !AddressRules.IsTagged(frame));
        _framesToNode += _batch.Frames;
        _bytesToNode += _batch.Bytes;
        _framesDropped += _batch.Dropped;
        for (var position = 0; !_closed && _batch.TryGetFrame(ref position, out var frame);) _dhcp.ToNode(frame);
        Send();
        if (gone is { } error) End($"the TAP is gone: {error}");
    }

    private void OnOutput(EpollEvents events)
    {
        if (IsOutputFull) Send();
        else if ((events & (EpollEvents.EPOLLERR | EpollEvents.EPOLLHUP)) != 0) End("the node reads the tunnel no more");
        Speak();
    }

    // What there is to say goes out at once, or when the stream has taken what came before.
    private void Speak()
    {
        while (!_closed && !IsOutputFull && _conversation.HasSomethingToSay)
        {
            Compose();
            Send();
        }

        if (!_closed && !IsOutputFull) Await(EpollEvents.None);
    }

    private void Compose()
    {
        _buffers.Return(_batch.Lend(_buffers.Take()));
        var former = _conversation.Version;
        _conversation.Compose(_batch);
        if (_conversation.Version == former) return;
        Tap.SetLargeFrames(_tap, _conversation.SendsLargeFrames);
        Log.Info($"node {_node.NodeId}: version {_conversation.Version} of the tunnel");
    }

    private void Send()
    {
        while (!_closed && !_batch.Unsent.IsEmpty)
        {
            var written = _output.TryWrite(_batch.Unsent);
            if (written.WouldBlock)
            {
                WaitForOutput();
                return;
            }

            if (written.Error is { } error)
            {
                End($"the node takes no frames any more: {error}");
                return;
            }

            _batch.Sent(written.Count);
            if (_fullSince is not null) _fullSince = _time.GetTimestamp();
        }

        if (_closed) return;
        _buffers.Return(_batch.Lend([]));
        if (!IsOutputFull) return;
        _fullSince = null;
        Await(EpollEvents.None);
        _loop.Change(_tapKey, _tap, EpollEvents.EPOLLIN);
    }

    private void WaitForOutput()
    {
        if (IsOutputFull) return;
        _fullSince = _time.GetTimestamp();
        Await(EpollEvents.EPOLLOUT);
        _loop.Change(_tapKey, _tap, EpollEvents.None);
    }

    private void Await(EpollEvents events)
    {
        if (_awaited == events) return;
        _awaited = events;
        _loop.Change(_outputKey, _output, events);
    }

    private void End(string reason)
    {
        if (!_closed) _ended(_node.NodeId, reason);
    }
}

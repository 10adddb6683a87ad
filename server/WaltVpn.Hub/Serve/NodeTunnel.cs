using WaltVpn.Hub.Dhcp;
using WaltVpn.Hub.Rules;
using WaltVpn.Linux;
using WaltVpn.Protocol;
using WaltVpn.Tunnel;

namespace WaltVpn.Hub.Serve;

/// <summary>One node's live tunnel: its TAP, the two ends of its SSH session, and the rules between them. Everything non-blocking.</summary>
/// <remarks>
/// <code>
/// input  ▶ FrameReader ▶ AddressRules ▶ TAP ▶ DhcpSnooping    one read per turn, so that no node holds the loop
/// output ◀ DhcpSnooping ◀ FrameBatch ◀ TAP ◀ bridge           while output is full the TAP is not read: its queue in the kernel drops the newest
/// </code>
/// </remarks>
internal sealed class NodeTunnel : IDisposable
{
    // A thousand nodes, and one more frame than a TCP segment of SSH brings at once.
    private const int BufferSize = 32 * 1024;

    private readonly EventLoop _loop;
    private readonly ExpectedNode _node;
    private readonly DhcpSnooping _dhcp;
    private readonly AddressRules _rules;
    private readonly Action<NodeTunnel, string> _ended;
    private readonly FileDescriptor _tap;
    private readonly FileDescriptor _input;
    private readonly FileDescriptor _output;
    private readonly FrameReader _reader = new(BufferSize);
    private readonly FrameBatch _batch = new(BufferSize);
    private readonly ulong _tapKey;
    private readonly ulong _inputKey;
    private readonly ulong _outputKey;
    private readonly DateTimeOffset _since;
    private long _framesFromNode;
    private long _framesToNode;
    private long _bytesFromNode;
    private long _bytesToNode;
    private long _framesRefused;
    private bool _outputFull;
    private bool _closed;

    /// <param name="loop">Where it runs.</param>
    /// <param name="node">Whose it is.</param>
    /// <param name="dhcp">Learns its addresses.</param>
    /// <param name="ports">TAP, input and output, all owned from now on.</param>
    /// <param name="since">Now.</param>
    /// <param name="ended">Called once, with the reason; then dispose.</param>
    public NodeTunnel(
        EventLoop loop,
        ExpectedNode node,
        DhcpSnooping dhcp,
        (FileDescriptor Tap, FileDescriptor Input, FileDescriptor Output) ports,
        DateTimeOffset since,
        Action<NodeTunnel, string> ended)
    {
        (_loop, _node, _dhcp, _since, _ended) = (loop, node, dhcp, since, ended);
        (_tap, _input, _output) = ports;
        _rules = new AddressRules(node.VpnMac, dhcp.Addresses);
        _input.NonBlocking = true;
        _output.NonBlocking = true;
        _tapKey = loop.Add(_tap, EpollEvents.EPOLLIN, OnTap);
        _inputKey = loop.Add(_input, EpollEvents.EPOLLIN, OnInput);
        // Nothing is waited for, yet the end of the reader is told (EPOLLERR, EPOLLHUP).
        _outputKey = loop.Add(_output, EpollEvents.None, OnOutput);
    }

    /// <summary>Whose tunnel it is.</summary>
    public string NodeId => _node.NodeId;

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
        FramesRefused = _framesRefused,
    };

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

    private void OnInput(EpollEvents events)
    {
        var read = _input.TryRead(_reader.Free);
        if (read.WouldBlock) return;
        if (read.Error is { } error) End($"the node cannot be read: {error}");
        else if (read.Count == 0) End("the node closed the tunnel");
        else Deliver(read.Count);
    }

    private void Deliver(int count)
    {
        _reader.Received(count);
        while (!_closed)
        {
            switch (_reader.Next(out var frame))
            {
                case FrameStep.NeedMore:
                    return;
                case FrameStep.Refused:
                    End($"the node announced a frame of {_reader.RefusedLength} bytes, outside {TunnelFrame.MinLength}..{TunnelFrame.MaxLength}");
                    return;
                case FrameStep.Frame:
                    FromNode(frame);
                    break;
            }
        }
    }

    private void FromNode(ReadOnlySpan<byte> frame)
    {
        if (_rules.FromNode(frame) != FrameVerdict.Pass)
        {
            _framesRefused++;
            return;
        }

        var written = _tap.TryWrite(frame);
        if (written.Error is { } error)
        {
            if (!TapErrors.CostsOneFrame(error)) End($"the TAP is gone: {error}");
            return;
        }

        _framesFromNode++;
        _bytesFromNode += frame.Length;
        _dhcp.FromNode(frame);
    }

    private void OnTap(EpollEvents events)
    {
        if (_outputFull) return;
        var gone = _batch.Fill(_tap, static frame => !AddressRules.IsTagged(frame));
        _framesToNode += _batch.Frames;
        _bytesToNode += _batch.Bytes;
        for (var position = 0; _batch.TryGetFrame(ref position, out var frame);) _dhcp.ToNode(frame);
        Send();
        if (gone is { } error) End($"the TAP is gone: {error}");
    }

    private void OnOutput(EpollEvents events)
    {
        if (_outputFull) Send();
        else if ((events & (EpollEvents.EPOLLERR | EpollEvents.EPOLLHUP)) != 0) End("the node reads the tunnel no more");
    }

    private void Send()
    {
        while (!_closed && !_batch.Unsent.IsEmpty)
        {
            var written = _output.TryWrite(_batch.Unsent);
            if (written.WouldBlock)
            {
                WaitForOutput(full: true);
                return;
            }

            if (written.Error is { } error)
            {
                End($"the node takes no frames any more: {error}");
                return;
            }

            _batch.Sent(written.Count);
        }

        WaitForOutput(full: false);
    }

    private void WaitForOutput(bool full)
    {
        if (_closed || _outputFull == full) return;
        _outputFull = full;
        _loop.Change(_outputKey, _output, full ? EpollEvents.EPOLLOUT : EpollEvents.None);
        _loop.Change(_tapKey, _tap, full ? EpollEvents.None : EpollEvents.EPOLLIN);
    }

    private void End(string reason)
    {
        if (!_closed) _ended(this, reason);
    }
}

using WaltVpn.Hub.Connect;
using WaltVpn.Hub.Dhcp;
using WaltVpn.Linux;
using WaltVpn.Protocol;
using WaltVpn.Tunnel;

namespace WaltVpn.Hub.Serve;

/// <summary>Who is expected, who is connected, and what ends when something of it ends. Runs in the event loop's thread.</summary>
internal sealed class TunnelHub : IDisposable
{
    // Admitted sessions show their ticket at once; more than this many that do not are no nodes of ours.
    private const int MaxWaiting = 256;

    private readonly EventLoop _loop;
    private readonly Bridge _bridge;
    private readonly KernelFilter? _filter;
    private readonly AddressBook _addresses;
    private readonly TimeProvider _time;
    private readonly TimeSpan _deadAfter;
    private readonly BufferPool _buffers = new();
    private readonly ReportBook _reports = new();
    private readonly TicketBook _tickets;
    private readonly Dictionary<string, (NodeTunnel Tunnel, ConnectConnection Connection, int Bridge)> _live = [];
    private readonly Dictionary<MacAddress, string> _byMac = [];
    private readonly HashSet<ConnectConnection> _connections = [];
    private readonly HashSet<ControlConnection> _controls = [];

    /// <param name="loop">Where it runs.</param>
    /// <param name="bridge">What the nodes' TAPs join.</param>
    /// <param name="filter">What the kernel knows of them; null: nothing.</param>
    /// <param name="addresses">Their leases.</param>
    /// <param name="time">The clocks.</param>
    /// <param name="deadAfter">When a node that speaks version 2 and says nothing is taken for dead.</param>
    public TunnelHub(EventLoop loop, Bridge bridge, KernelFilter? filter, AddressBook addresses, TimeProvider time, TimeSpan deadAfter)
    {
        (_loop, _bridge, _filter, _addresses, _time, _deadAfter) = (loop, bridge, filter, addresses, time, deadAfter);
        _tickets = new TicketBook(time);
        loop.Ticked += OnTick;
        addresses.Changed += OnAddresses;
    }

    /// <summary>Live tunnels.</summary>
    public int Count => _live.Count;

    /// <summary>Takes a connection of the control socket.</summary>
    public void AcceptControl(FileDescriptor socket) => _controls.Add(new ControlConnection(_loop, socket, Answer, gone =>
    {
        _controls.Remove(gone);
        gone.Dispose();
    }));

    /// <summary>Takes a connection of the connect socket.</summary>
    public void AcceptConnect(FileDescriptor socket)
    {
        if (_connections.Count(connection => connection.IsWaiting) >= MaxWaiting)
        {
            socket.Dispose();
            return;
        }

        _connections.Add(new ConnectConnection(_loop, socket, _time.GetTimestamp(), OnTicket, OnPeerGone));
    }

    /// <summary>Ends all tunnels.</summary>
    public void Dispose()
    {
        _loop.Ticked -= OnTick;
        _addresses.Changed -= OnAddresses;
        foreach (var nodeId in _live.Keys.ToList()) End(nodeId, "the hub stops");
        foreach (var connection in _connections) connection.Dispose();
        foreach (var control in _controls) control.Dispose();
        _addresses.Tick();
    }

    private HubAnswer Answer(HubRequest request) => request.Operation switch
    {
        HubOperation.Expect => Expect(request.Expect),
        HubOperation.Tell => Tell(request.NodeId, request.Word),
        HubOperation.Hear => new HubAnswer { Ok = true, Reports = _reports.Take() },
        HubOperation.Disconnect => Disconnect(request.NodeId, request.Reason ?? "disconnected by the server"),
        HubOperation.List => new HubAnswer
        {
            Ok = true,
            Sessions = [.. _live.Values.Select(live => live.Tunnel.View)],
            NodeAddresses = [.. _addresses.All.Select(AddressBook.Text)],
        },
    };

    private HubAnswer Expect(ExpectedNode? node)
    {
        if (node is null) return new HubAnswer { Ok = false, Error = "expect: nobody named" };
        // The id becomes part of an interface's name.
        if (!TicketBook.IsTicket(node.NodeId)) return new HubAnswer { Ok = false, Error = "expect: the node id is not 32 lower-case hexadecimal digits" };
        return _tickets.Expect(node) ? new HubAnswer { Ok = true } : new HubAnswer { Ok = false, Error = "expect: the ticket is malformed or known" };
    }

    private HubAnswer Disconnect(string? nodeId, string reason)
    {
        if (nodeId is null) return new HubAnswer { Ok = false, Error = "disconnect: no node named" };
        _tickets.Void(nodeId);
        End(nodeId, reason);
        return new HubAnswer { Ok = true };
    }

    private HubAnswer Tell(string? nodeId, TunnelControl? word)
    {
        if (nodeId is null || word is null) return new HubAnswer { Ok = false, Error = "tell: node or word is missing" };
        if (!_live.TryGetValue(nodeId, out var live)) return new HubAnswer { Ok = false, Error = "tell: the node is not connected" };
        return live.Tunnel.TryTell(word)
            ? new HubAnswer { Ok = true }
            : new HubAnswer { Ok = false, Error = "tell: the node speaks version 0 of the tunnel, or takes nothing now" };
    }

    private void OnTicket(ConnectConnection connection, TunnelRequest request, IReadOnlyList<FileDescriptor> descriptors)
    {
        if (_tickets.Take(request.Ticket) is not { } node)
        {
            Refuse(connection, descriptors, "the ticket is unknown, old, or was used");
            return;
        }

        if (ReasonAgainst(descriptors) is { } reason)
        {
            Refuse(connection, descriptors, reason);
            return;
        }

        End(node.NodeId, "the node connected again");
        // A MAC belongs to one node: the daemon never gives it twice, and the newest answer of the daemon is right.
        if (_byMac.TryGetValue(node.VpnMac, out var other)) End(other, "its address was given to another node");
        Open(connection, node, request.Version2, descriptors);
    }

    private void Open(ConnectConnection connection, ExpectedNode node, bool version2, IReadOnlyList<FileDescriptor> descriptors)
    {
        var tapName = Bridge.TapName(node.NodeId);
        FileDescriptor? tap = null;
        try
        {
            (tap, var bridge) = _bridge.OpenPort(tapName, node.VpnMac);
            _filter?.Open(tapName, node.VpnMac, AddressesOf(node.VpnMac));
            var dhcp = new DhcpSnooping(node, _addresses, _bridge.Owns);
            var ports = (tap, descriptors[0], descriptors[1]);
            var options = new TunnelOptions { Role = TunnelRole.Server, Version2 = version2, DeadAfter = _deadAfter };
            var conversation = new TunnelConversation(options, _time, new TunnelReader([]));
            var tunnel = new NodeTunnel(_loop, node, dhcp, ports, conversation, _buffers, _time, End, _reports.Add);
            _live.Add(node.NodeId, (tunnel, connection, bridge));
            _byMac.Add(node.VpnMac, node.NodeId);
            Log.Info($"node {node.NodeId} connected: {tapName}, {node.VpnMac}, certificate {node.CertificateSerial}");
        }
        catch (ErrnoException failure)
        {
            // Without a TAP the name may be another tunnel's.
            if (tap is not null) ClosePort(tapName);
            tap?.Dispose();
            Refuse(connection, descriptors, failure.Message);
        }
    }

    private IEnumerable<uint> AddressesOf(MacAddress mac) => _addresses.Of(mac).All.Select(lease => lease.Address);

    // Called before the acknowledgement goes on to the node, and after its release went to the bridge.
    private void OnAddresses(MacAddress mac)
    {
        if (_filter is null || !_byMac.TryGetValue(mac, out var nodeId)) return;
        try
        {
            _filter.Allow(Bridge.TapName(nodeId), AddressesOf(mac));
        }
        catch (ErrnoException refused)
        {
            // It would be cut off from an address of its own, or keep one that is another's by now.
            End(nodeId, $"the kernel's filter could not follow: {refused.Message}");
        }
    }

    private void ClosePort(string tapName)
    {
        try
        {
            _filter?.Close(tapName);
        }
        catch (ErrnoException refused)
        {
            // The TAP is closed: what is left speaks of an interface that only the same node's next tunnel brings back.
            Log.Warning($"{tapName} could not be taken out of the kernel's filter: {refused.Message}");
        }
    }

    private void Refuse(ConnectConnection connection, IReadOnlyList<FileDescriptor> descriptors, string reason)
    {
        Log.Warning($"tunnel refused: {reason}");
        foreach (var descriptor in descriptors) descriptor.Dispose();
        _connections.Remove(connection);
        connection.Close($"refused: {reason}");
    }

    private void End(string nodeId, string reason)
    {
        if (!_live.Remove(nodeId, out var live)) return;
        _byMac.Remove(live.Tunnel.VpnMac);
        live.Tunnel.SayEnd(reason);
        live.Tunnel.Dispose();
        ClosePort(Bridge.TapName(nodeId));
        _connections.Remove(live.Connection);
        live.Connection.Close($"ended: {reason}");
        Log.Info($"node {nodeId} disconnected: {reason}");
    }

    private void OnPeerGone(ConnectConnection connection)
    {
        _connections.Remove(connection);
        foreach (var (nodeId, live) in _live)
        {
            if (live.Connection != connection) continue;
            End(nodeId, "its SSH session ended");
            break;
        }

        connection.Dispose();
    }

    private void OnTick()
    {
        CloseImpatient();
        EndWithoutBridge();
        foreach (var live in _live.Values.ToList()) live.Tunnel.Tick();
        _addresses.Tick();
    }

    // Somebody removed the bridge, or made it anew: its ports lead nowhere. The nodes come back, to the bridge that is there then.
    private void EndWithoutBridge()
    {
        if (_live.Count == 0) return;
        var bridge = _bridge.FindIndex();
        foreach (var nodeId in _live.Where(live => live.Value.Bridge != bridge).Select(live => live.Key).ToList()) End(nodeId, "the bridge is gone");
    }

    private void CloseImpatient()
    {
        var impatient = _connections.Where(connection => connection.IsWaiting && _time.GetElapsedTime(connection.Since) >= ConnectConnection.Patience);
        foreach (var connection in impatient.ToList())
        {
            _connections.Remove(connection);
            connection.Close("refused: no ticket came");
        }
    }

    // What sshd gives its forced command: pipes or a socket pair. Anything else (a file, a device, a listening or network socket) is no tunnel.
    private static string? ReasonAgainst(IReadOnlyList<FileDescriptor> descriptors)
    {
        if (descriptors.Count != 2) return $"{descriptors.Count} descriptors in place of 2";
        foreach (var descriptor in descriptors)
        {
            var type = descriptor.Type;
            if (type == FileType.S_IFIFO || (type == FileType.S_IFSOCK && UnixSocket.IsUnixStream(descriptor) && !UnixSocket.IsListening(descriptor))) continue;
            return $"a descriptor is neither a pipe nor a connected socket of this machine ({type})";
        }

        return descriptors[0].Readable && descriptors[1].Writable ? null : "the first descriptor must be readable, the second writable";
    }
}

using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text.Json;
using WaltVpn.Protocol;
using WaltVpn.Server.Certificates;

namespace WaltVpn.Server.Tests.Parts;

/// <summary>
/// The far end of docs/protocol.md "Hub control": it answers as a hub does and remembers what it was told. The hub itself is tested with its own program.
/// </summary>
internal sealed class RecordingHub : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public RecordingHub(string path)
    {
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen();
        _ = Accept();
    }

    /// <summary>What nodes reported and nobody has taken yet.</summary>
    public ConcurrentQueue<HeardReport> Reports { get; } = [];

    /// <summary>Why it tells nobody anything; null: it does.</summary>
    public string? Refuses { get; set; }

    /// <summary>Everything it was asked, in order, but for what it is asked all the time: who is connected, and what was reported.</summary>
    public ConcurrentQueue<HubRequest> Told { get; } = [];

    /// <summary>What it answers to a list question.</summary>
    public ConcurrentDictionary<string, TunnelSession> Sessions { get; } = [];

    /// <summary>A node's tunnel is up, with the certificate it has.</summary>
    public void Connect(NodeIdentity identity, int tunnelVersion = 0) => Sessions[identity.NodeId] = new TunnelSession
    {
        NodeId = identity.NodeId,
        VpnMac = identity.VpnMac,
        CertificateSerial = SshCertificate.Parse(identity.Certificate).Serial,
        Tap = "tap0",
        Since = DateTimeOffset.UtcNow,
        Addresses = [],
        FramesFromNode = 0,
        FramesToNode = 0,
        BytesFromNode = 0,
        BytesToNode = 0,
        FramesRefused = 0,
        TunnelVersion = tunnelVersion,
    };

    public void Dispose() => _listener.Dispose();

    private List<HeardReport> TakeReports()
    {
        var taken = new List<HeardReport>();
        while (Reports.TryDequeue(out var report)) taken.Add(report);
        return taken;
    }

    private async Task Accept()
    {
        try
        {
            while (true) _ = Serve(await _listener.AcceptAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task Serve(Socket socket)
    {
        using var stream = new NetworkStream(socket, ownsSocket: true);
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync() is { } line)
        {
            var request = JsonSerializer.Deserialize(line, ProtocolJson.Default.HubRequest)!;
            if (request.Operation is not (HubOperation.List or HubOperation.Hear)) Told.Enqueue(request);
            if (request.Operation == HubOperation.Disconnect) Sessions.TryRemove(request.NodeId!, out _);
            var answer = request.Operation switch
            {
                HubOperation.List => new HubAnswer { Ok = true, Sessions = [.. Sessions.Values], NodeAddresses = [.. Sessions.Values.SelectMany(session => session.Addresses)] },
                HubOperation.Hear => new HubAnswer { Ok = true, Reports = TakeReports() },
                HubOperation.Tell when Refuses is { } reason => new HubAnswer { Ok = false, Error = reason },
                _ => new HubAnswer { Ok = true },
            };
            await stream.WriteAsync((byte[])[.. JsonSerializer.SerializeToUtf8Bytes(answer, ProtocolJson.Default.HubAnswer), (byte)'\n']);
        }
    }
}

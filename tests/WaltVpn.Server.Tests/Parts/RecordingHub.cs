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

    /// <summary>Everything it was asked, in order, list questions left out.</summary>
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
            if (request.Operation != HubOperation.List) Told.Enqueue(request);
            if (request.Operation == HubOperation.Disconnect) Sessions.TryRemove(request.NodeId!, out _);
            var answer = request.Operation == HubOperation.List
                ? new HubAnswer { Ok = true, Sessions = [.. Sessions.Values], NodeAddresses = [.. Sessions.Values.SelectMany(session => session.Addresses)] }
                : new HubAnswer { Ok = true };
            await stream.WriteAsync((byte[])[.. JsonSerializer.SerializeToUtf8Bytes(answer, ProtocolJson.Default.HubAnswer), (byte)'\n']);
        }
    }
}

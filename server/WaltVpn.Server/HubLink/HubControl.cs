using System.Net.Sockets;
using System.Text.Json;
using WaltVpn.Protocol;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.HubLink;

/// <summary>
/// The daemon's word to the hub (docs/protocol.md "Hub control"). Each question has a connection of its own, so that a restarted hub is found again
/// at once.
/// </summary>
internal sealed class HubControl(ServerSettings settings)
{
    /// <summary>sshd waits for the answer to a login; a hub that needs longer is not well.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);

    /// <summary>A fleet of 10,000 sessions, 400 bytes each, and room.</summary>
    private const int LongestAnswer = 8 * 1024 * 1024;

    /// <summary>Tells the hub who will come with which ticket.</summary>
    /// <exception cref="HubException">The hub did not take it.</exception>
    public Task Expect(ExpectedNode node, CancellationToken cancel) => Ask(new HubRequest { Operation = HubOperation.Expect, Expect = node }, cancel);

    /// <summary>Ends a node's tunnel; a node without one is no error.</summary>
    /// <exception cref="HubException">The hub did not do it.</exception>
    public Task Disconnect(string nodeId, string reason, CancellationToken cancel) =>
        Ask(new HubRequest { Operation = HubOperation.Disconnect, NodeId = nodeId, Reason = reason }, cancel);

    /// <summary>Says a word to a node through its tunnel.</summary>
    /// <exception cref="HubException">The node has no tunnel, or one of version 0; or the hub did not do it.</exception>
    public Task Tell(string nodeId, TunnelControl word, CancellationToken cancel) =>
        Ask(new HubRequest { Operation = HubOperation.Tell, NodeId = nodeId, Word = word }, cancel);

    /// <summary>Takes what nodes reported; empty: nothing.</summary>
    /// <exception cref="HubException">The hub did not answer.</exception>
    public async Task<IReadOnlyList<HeardReport>> Hear(CancellationToken cancel) =>
        (await Ask(new HubRequest { Operation = HubOperation.Hear }, cancel)).Reports ?? [];

    /// <summary>All live tunnels.</summary>
    /// <exception cref="HubException">The hub did not answer.</exception>
    public async Task<IReadOnlyList<TunnelSession>> List(CancellationToken cancel) =>
        (await Ask(new HubRequest { Operation = HubOperation.List }, cancel)).Sessions ?? [];

    /// <summary>Addresses that nodes have, or had in the last minutes.</summary>
    /// <exception cref="HubException">The hub did not answer, or does not say.</exception>
    public async Task<IReadOnlyList<string>> NodeAddresses(CancellationToken cancel) =>
        (await Ask(new HubRequest { Operation = HubOperation.List }, cancel)).NodeAddresses
            ?? throw new HubException("the hub does not say which addresses nodes have");

    private async Task<HubAnswer> Ask(HubRequest request, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(Deadline);
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(settings.HubControlSocket), deadline.Token);
            using var stream = new NetworkStream(socket);
            await stream.WriteAsync((byte[])[.. JsonSerializer.SerializeToUtf8Bytes(request, ProtocolJson.Default.HubRequest), (byte)'\n'], deadline.Token);
            var answer = JsonSerializer.Deserialize(await ReadLine(stream, deadline.Token), ProtocolJson.Default.HubAnswer);
            return answer is { Ok: true } ? answer : throw new HubException($"the hub refused {request.Operation}: {answer?.Error ?? "no reason given"}");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new HubException($"the hub on {settings.HubControlSocket} did not answer within {Deadline.TotalSeconds} s");
        }
        catch (SocketException e)
        {
            throw new HubException($"no hub listens on {settings.HubControlSocket} ({e.SocketErrorCode})", e);
        }
        catch (Exception e) when (e is IOException and not HubException or JsonException)
        {
            throw new HubException($"the hub on {settings.HubControlSocket}: {e.Message}", e);
        }
    }

    private static async Task<byte[]> ReadLine(NetworkStream stream, CancellationToken cancel)
    {
        var line = new MemoryStream();
        var chunk = new byte[16 * 1024];
        while (line.Length <= LongestAnswer)
        {
            var read = await stream.ReadAsync(chunk, cancel);
            if (read == 0) throw new EndOfStreamException("it closed without an answer");
            var end = chunk.AsSpan(0, read).IndexOf((byte)'\n');
            line.Write(chunk, 0, end < 0 ? read : end);
            if (end >= 0) return line.ToArray();
        }

        throw new EndOfStreamException("its answer has no end");
    }
}

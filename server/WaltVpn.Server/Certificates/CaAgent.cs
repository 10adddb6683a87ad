using System.Net.Sockets;
using WaltVpn.Protocol;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Certificates;

/// <summary>Asks the ssh-agent whether it is there and holds the CA key.</summary>
/// <remarks>draft-ietf-sshm-ssh-agent: request identities, identities answer.</remarks>
internal sealed class CaAgent(ServerSettings settings)
{
    private const byte RequestIdentities = 11;
    private const byte IdentitiesAnswer = 12;

    /// <summary>An agent with more keys than fit into this is not ours.</summary>
    private const int LongestAnswer = 64 * 1024;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);

    /// <summary>Null when the agent can sign; else what is wrong with it.</summary>
    public async Task<string?> FindFault(CancellationToken cancel)
    {
        try
        {
            var authority = NodePublicKey.Load(settings.CaPublicKeyFile);
            return Holds(await Ask(cancel), authority) ? null : $"the CA agent on {settings.CaAgentSocket} does not hold the key of {settings.CaPublicKeyFile}";
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return $"the CA agent on {settings.CaAgentSocket} does not answer";
        }
        catch (SocketException e)
        {
            return $"no CA agent listens on {settings.CaAgentSocket} ({e.SocketErrorCode})";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return $"no CA agent on {settings.CaAgentSocket}: {e.Message}";
        }
    }

    private async Task<byte[]> Ask(CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(Deadline);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(settings.CaAgentSocket), deadline.Token);
        using var stream = new NetworkStream(socket);
        await stream.WriteAsync(new byte[] { 0, 0, 0, 1, RequestIdentities }, deadline.Token);
        var prefix = new byte[4];
        await stream.ReadExactlyAsync(prefix, deadline.Token);
        var length = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(prefix);
        if (length is 0 or > LongestAnswer) throw new FormatException("its answer is not one of an ssh-agent");
        var answer = new byte[length];
        await stream.ReadExactlyAsync(answer, deadline.Token);
        return answer;
    }

    private static bool Holds(byte[] answer, NodePublicKey authority)
    {
        var reader = new SshWireReader(answer);
        if (reader.ReadByte() != IdentitiesAnswer) throw new FormatException("it refuses to list its keys");
        var blob = authority.Blob;
        for (var left = reader.ReadUInt32(); left > 0; left--)
        {
            if (reader.ReadString().SequenceEqual(blob)) return true;
            reader.ReadString(); // comment
        }

        return false;
    }
}

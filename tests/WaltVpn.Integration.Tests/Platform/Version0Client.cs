using System.Diagnostics;
using System.Globalization;
using WaltVpn.Tunnel;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>A client that speaks the tunnel's framing by itself, byte for byte, through a real ssh and with no SSH command.</summary>
internal sealed class Version0Client : IDisposable
{
    private readonly Process _ssh;
    private readonly TunnelReader _reader = new();

    private Version0Client(Process ssh) => _ssh = ssh;

    /// <summary>Connects and waits until the hub has the tunnel.</summary>
    public static async Task<Version0Client> Connect(TestNode node)
    {
        var hub = RunningPlatform.Log("waltvpn-hub");
        var client = new Version0Client(Tool.Start("ip", node.Ssh.Arguments([], null)));
        await hub.Await(string.Create(CultureInfo.InvariantCulture, $"node {node.Identity.NodeId} connected"));
        return client;
    }

    /// <summary>Sends bytes as they are.</summary>
    public async Task Send(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await _ssh.StandardInput.BaseStream.WriteAsync(bytes);
            await _ssh.StandardInput.BaseStream.FlushAsync();
        }
        catch (IOException)
        {
            // EPIPE: the server ended the tunnel while we were still speaking.
        }
    }

    /// <summary>All frames up to the one for which this is true.</summary>
    public async Task<List<byte[]>> ReceiveUntil(Func<byte[], bool> last)
    {
        using var deadline = new CancellationTokenSource(Tool.Deadline);
        List<byte[]> frames = [];
        var bytes = new byte[4096];
        while (frames.Count == 0 || !last(frames[^1]))
        {
            if (TryTake() is { } frame)
            {
                frames.Add(frame);
                continue;
            }

            var count = await _ssh.StandardOutput.BaseStream.ReadAsync(bytes, deadline.Token);
            if (count == 0) throw new EndOfStreamException("the tunnel ended");
            bytes.AsSpan(0, count).CopyTo(_reader.Free);
            _reader.Received(count);
        }

        return frames;
    }

    /// <summary>Ends the node's side of the stream.</summary>
    public void EndInput() => _ssh.StandardInput.Close();

    /// <summary>Waits for the end.</summary>
    /// <returns>What the server said of it.</returns>
    public async Task<string> Reason()
    {
        using var deadline = new CancellationTokenSource(Tool.Deadline);
        var errors = await _ssh.StandardError.ReadToEndAsync(deadline.Token);
        await _ssh.WaitForExitAsync(deadline.Token);
        return errors;
    }

    public void Dispose()
    {
        if (!_ssh.HasExited) _ssh.Kill();
        _ssh.Dispose();
    }

    private byte[]? TryTake() => _reader.Next(out var frame) switch
    {
        TunnelStep.Frame => frame.ToArray(),
        TunnelStep.NeedMore => null,
        _ => throw new InvalidDataException($"the server sent {_reader.Refused}"),
    };
}

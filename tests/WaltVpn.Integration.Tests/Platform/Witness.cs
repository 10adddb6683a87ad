using System.Globalization;
using Shouldly;
using WaltVpn.Linux;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>A station of the platform: a TAP that is an ordinary port of walt-net, and sees all that the bridge floods.</summary>
internal sealed class Witness : IDisposable
{
    /// <summary>Its hardware address.</summary>
    public static readonly byte[] Mac = [0x02, 0, 0, 0, 0, 0x77];

    private static int _count;
    private readonly FileDescriptor _tap;

    private Witness(FileDescriptor tap) => _tap = tap;

    /// <summary>Joins the bridge.</summary>
    public static async Task<Witness> Join()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"witness{Interlocked.Increment(ref _count)}");
        var tap = Tap.Open(name, TapWaiting.NonBlocking);
        using var rtnetlink = new Rtnetlink();
        rtnetlink.DisableAutomaticAddress(name);
        rtnetlink.JoinBridge(name, "walt-net");
        rtnetlink.LinkUp(name);
        await Eventually.Holds("the bridge forwards to the witness", () => rtnetlink.FindLink(name) is { Carrier: true });
        return new Witness(tap);
    }

    /// <summary>Sends a frame.</summary>
    public void Send(byte[] frame) => _tap.Write(frame);

    /// <summary>All frames up to the one for which this is true.</summary>
    public List<byte[]> ReceiveUntil(Func<byte[], bool> last)
    {
        List<byte[]> frames = [];
        var buffer = new byte[2048];
        using var poll = new Poll((_tap, PollEvents.POLLIN));
        while (frames.Count == 0 || !last(frames[^1]))
        {
            poll.Wait(Tool.Deadline).ShouldBeTrue("the frame never came");
            var read = _tap.TryRead(buffer);
            if (!read.WouldBlock) frames.Add(buffer[..read.Count]);
        }

        return frames;
    }

    public void Dispose() => _tap.Dispose();
}

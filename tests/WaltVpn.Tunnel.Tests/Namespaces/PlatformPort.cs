using Shouldly;
using WaltVpn.Linux;

namespace WaltVpn.Tunnel.Tests.Namespaces;

/// <summary>A station of the platform: a TAP that is an ordinary port of the bridge.</summary>
internal sealed class PlatformPort : IDisposable
{
    private static int _count;

    public PlatformPort(string bridge)
    {
        var name = $"plat{Interlocked.Increment(ref _count)}";
        Tap = WaltVpn.Linux.Tap.Open(name);
        using var rtnetlink = new Rtnetlink();
        rtnetlink.DisableAutomaticAddress(name);
        rtnetlink.JoinBridge(name, bridge);
        rtnetlink.LinkUp(name);
        // The bridge drops everything until its port forwards; without STP that is at once, yet after its own event.
        for (var tries = 0; rtnetlink.FindLink(name) is not { Carrier: true }; tries++) tries.ShouldBeLessThan(1000);
    }

    public static byte[] Mac => [0x02, 0, 0, 0, 0, 1];

    public FileDescriptor Tap { get; }

    public void Send(byte[] frame) => Tap.Write(frame);

    /// <summary>All frames up to the one for which this is true.</summary>
    public List<byte[]> ReceiveUntil(Func<byte[], bool> last)
    {
        List<byte[]> frames = [];
        var buffer = new byte[2000];
        using var poll = new Poll((Tap, PollEvents.POLLIN));
        while (frames.Count == 0 || !last(frames[^1]))
        {
            poll.Wait(TimeSpan.FromSeconds(20)).ShouldBeTrue("the frame never came");
            frames.Add(buffer[..Tap.Read(buffer)]);
        }

        return frames;
    }

    public void Dispose() => Tap.Dispose();
}

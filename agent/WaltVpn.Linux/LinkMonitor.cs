using System.Threading.Channels;

namespace WaltVpn.Linux;

/// <summary>Tells when interfaces appear, change (carrier, up, address) or go: rtnetlink(7), group RTMGRP_LINK.</summary>
/// <remarks>First it tells every interface there is, so nothing falls between a look and the wait. One named thread, ended by <see cref="Dispose"/>.</remarks>
public sealed class LinkMonitor : IDisposable
{
    private readonly Channel<LinkEvent> _events = Channel.CreateUnbounded<LinkEvent>(new UnboundedChannelOptions { SingleWriter = true });
    private readonly EventFd _stop = new();
    private readonly Thread _thread;

    public LinkMonitor()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "link monitor" };
        _thread.Start();
    }

    /// <summary>The events, oldest first, each to one reader.</summary>
    /// <exception cref="ErrnoException">The kernel gave the netlink socket up.</exception>
    public IAsyncEnumerable<LinkEvent> ReadAllAsync(CancellationToken cancellation) => _events.Reader.ReadAllAsync(cancellation);

    public void Dispose()
    {
        _stop.Raise();
        _thread.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        try
        {
            Watch();
            _events.Writer.Complete();
        }
        catch (ErrnoException failure)
        {
            _events.Writer.Complete(failure);
        }
    }

    private void Watch()
    {
        using var news = new NetlinkSocket(NetlinkGroup.RTMGRP_LINK);
        using var poll = new Poll((news.Descriptor, PollEvents.POLLIN), (_stop.Descriptor, PollEvents.POLLIN));
        TellAll();
        while (true)
        {
            poll.Wait();
            if (poll[1] != PollEvents.None) return;
            // News that did not fit into the socket are lost: tell the whole state again.
            if (!news.Receive(Tell)) TellAll();
        }
    }

    private void TellAll()
    {
        using var route = new Rtnetlink();
        foreach (var link in route.GetLinks()) _events.Writer.TryWrite(new LinkEvent(link, Removed: false));
    }

    private void Tell(NetlinkType type, ReadOnlySpan<byte> body)
    {
        if (type is not (NetlinkType.RTM_NEWLINK or NetlinkType.RTM_DELLINK)) return;
        // A bridge speaks of its ports in the same group (family AF_BRIDGE), with another meaning: a port that left is no interface that went.
        if (body[0] == (byte)AddressFamily.AF_UNSPEC) _events.Writer.TryWrite(new LinkEvent(Link.Read(body), type == NetlinkType.RTM_DELLINK));
    }
}

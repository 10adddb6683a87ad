using WaltVpn.Tunnel;

namespace WaltVpn.Hub.Serve;

/// <summary>Large buffers for those tunnels in which something is under way; a thousand that sleep need none. Runs in the event loop's thread.</summary>
internal sealed class BufferPool
{
    // More than that many at once is a rush, after which the memory is the system's again.
    private const int MaxKept = 64;
    private readonly Stack<byte[]> _free = new(MaxKept);

    /// <summary>A buffer with anything in it, for one reader or one batch.</summary>
    public byte[] Take() => _free.TryPop(out var buffer) ? buffer : GC.AllocateUninitializedArray<byte>(TunnelReader.DefaultCapacity, pinned: true);

    /// <summary>Gives a buffer back; an empty one is none.</summary>
    public void Return(byte[] buffer)
    {
        if (buffer.Length > 0 && _free.Count < MaxKept) _free.Push(buffer);
    }
}

using System.Text;

namespace WaltVpn.Linux;

/// <summary>The kernel's device events: netlink(7), protocol NETLINK_KOBJECT_UEVENT.</summary>
public sealed class Uevent : IDisposable
{
    private const uint KernelGroup = 1; // lib/kobject_uevent.c; group 2 is udev's
    private const int BufferSize = 8192; // lib/kobject_uevent.c: an event is at most 2 KiB of variables and its path

    private readonly FileDescriptor _socket = NetlinkSocket.Open(NetlinkProtocol.NETLINK_KOBJECT_UEVENT, KernelGroup);

    /// <summary>Blocks for the next event; those since the object was made wait in the socket.</summary>
    /// <returns>Its variables, e.g. ACTION, SUBSYSTEM, MODALIAS. Empty when the socket overflowed and events were lost.</returns>
    /// <exception cref="ErrnoException">The socket failed.</exception>
    public IReadOnlyDictionary<string, string> Read()
    {
        Span<byte> buffer = stackalloc byte[BufferSize];
        var received = _socket.TryRead(buffer);
        if (received.Error is Errno.ENOBUFS) return new Dictionary<string, string>();
        return received.Error is { } error ? throw new ErrnoException("read", "NETLINK_KOBJECT_UEVENT", error) : Parse(buffer[..received.Count]);
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    /// <summary>Splits an event: a header <c>action@path</c>, then NAME=value, each ended by a zero byte.</summary>
    internal static Dictionary<string, string> Parse(ReadOnlySpan<byte> message)
    {
        var variables = new Dictionary<string, string>();
        foreach (var part in Encoding.UTF8.GetString(message).Split('\0').Skip(1))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0) variables[part[..equals]] = part[(equals + 1)..];
        }

        return variables;
    }
}

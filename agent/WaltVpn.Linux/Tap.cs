using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace WaltVpn.Linux;

/// <summary>
/// TAP interfaces, tun(4) and linux/if_tun.h: Ethernet frames in and out of a descriptor, one per read and write, without FCS and without a header
/// in front.
/// </summary>
public static partial class Tap
{
    /// <summary>Bytes of an interface name with its closing zero: linux/if.h <c>IFNAMSIZ</c>.</summary>
    public const int NameSize = 16;

    private const string Device = "/dev/net/tun";

    /// <summary>Makes the interface, or attaches to a persistent one of that name, and returns its descriptor.</summary>
    /// <param name="name">1..15 bytes. The interface is down and has a random MAC address; it goes away when the descriptor is closed.</param>
    /// <param name="waiting">Whether reads wait for a frame.</param>
    /// <exception cref="ErrnoException">EBUSY: another descriptor is attached. EPERM: no CAP_NET_ADMIN. ENOENT: the tun module is missing.</exception>
    public static FileDescriptor Open(string name, TapWaiting waiting = TapWaiting.Blocking)
    {
        Span<byte> request = stackalloc byte[Unsafe.SizeOf<InterfaceRequest>()];
        request.Clear();
        if (name.Length == 0 || !Encoding.ASCII.TryGetBytes(name, request[..(NameSize - 1)], out _)) throw new ErrnoException("TUNSETIFF", name, Errno.EINVAL);
        MemoryMarshal.AsRef<InterfaceRequest>(request).ifr_flags = (short)(TapFlag.IFF_TAP | TapFlag.IFF_NO_PI);

        var flags = OpenFlag.O_RDWR | OpenFlag.O_CLOEXEC | (waiting == TapWaiting.NonBlocking ? OpenFlag.O_NONBLOCK : 0);
        var tap = FileDescriptor.Own(OpenFile(Device, (int)flags), "open", Device);
        if (Ioctl(tap, (nuint)TapRequest.TUNSETIFF, request) < 0)
        {
            var failure = ErrnoException.Last("TUNSETIFF", name);
            tap.Dispose();
            throw failure;
        }

        return tap;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(FileDescriptor descriptor, nuint request, Span<byte> argument);
}

/// <summary>Whether a read from a TAP waits.</summary>
public enum TapWaiting
{
    /// <summary>A read waits for the next frame.</summary>
    Blocking,

    /// <summary>A read without a frame answers EAGAIN.</summary>
    NonBlocking,
}

/// <summary>linux/if_tun.h.</summary>
[Flags]
internal enum TapFlag
{
    IFF_TAP = 0x0002,
    IFF_NO_PI = 0x1000,
}

/// <summary>linux/if_tun.h.</summary>
internal enum TapRequest
{
    TUNSETIFF = 0x400454CA,
}

/// <summary>linux/if.h <c>struct ifreq</c>: a name, then a union of which only the flags are used.</summary>
[StructLayout(LayoutKind.Explicit, Size = 40)]
internal struct InterfaceRequest
{
    [FieldOffset(16)]
    public short ifr_flags;
}

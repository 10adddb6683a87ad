using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace WaltVpn.Linux;

/// <summary>
/// TAP interfaces, tun(4) and linux/if_tun.h: Ethernet frames in and out of a descriptor, one per read and write, without FCS.
/// </summary>
public static partial class Tap
{
    /// <summary>Bytes of an interface name with its closing zero: linux/if.h <c>IFNAMSIZ</c>.</summary>
    public const int NameSize = 16;

    private const string Device = "/dev/net/tun";
    private const TapOffload Large = TapOffload.TUN_F_CSUM | TapOffload.TUN_F_TSO4 | TapOffload.TUN_F_TSO6 | TapOffload.TUN_F_TSO_ECN;

    /// <summary>Makes the interface, or attaches to a persistent one of that name, and returns its descriptor.</summary>
    /// <param name="name">1..15 bytes. The interface is down and has a random MAC address; it goes away when the descriptor is closed.</param>
    /// <param name="waiting">Whether reads wait for a frame.</param>
    /// <param name="frames">What a read or write consists of.</param>
    /// <exception cref="ErrnoException">EBUSY: another descriptor is attached. EPERM: no CAP_NET_ADMIN. ENOENT: the tun module is missing.</exception>
    public static FileDescriptor Open(string name, TapWaiting waiting = TapWaiting.Blocking, TapFrames frames = TapFrames.Bare)
    {
        Span<byte> request = stackalloc byte[Unsafe.SizeOf<InterfaceRequest>()];
        request.Clear();
        if (name.Length == 0 || !Encoding.ASCII.TryGetBytes(name, request[..(NameSize - 1)], out _)) throw new ErrnoException("TUNSETIFF", name, Errno.EINVAL);
        MemoryMarshal.AsRef<InterfaceRequest>(request).ifr_flags =
            (short)(TapFlag.IFF_TAP | TapFlag.IFF_NO_PI | (frames == TapFrames.WithHeader ? TapFlag.IFF_VNET_HDR : 0));

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

    /// <summary>Says what may be read from the TAP; at first it is whole frames only.</summary>
    /// <param name="tap">With <see cref="TapFrames.WithHeader"/>.</param>
    /// <param name="large">TCP segments up to 64 KiB that are still to be cut, and frames whose checksum is still to be made; else the kernel does both before.</param>
    /// <exception cref="ErrnoException">ENOTTY: it is no TAP.</exception>
    public static void SetLargeFrames(FileDescriptor tap, bool large)
    {
        if (IoctlNumber(tap, (nuint)TapRequest.TUNSETOFFLOAD, large ? (nuint)Large : 0) < 0) throw ErrnoException.Last("TUNSETOFFLOAD", $"{(nuint)Large:x}");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(FileDescriptor descriptor, nuint request, Span<byte> argument);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int IoctlNumber(FileDescriptor descriptor, nuint request, nuint argument);
}

/// <summary>Whether a read from a TAP waits.</summary>
public enum TapWaiting
{
    /// <summary>A read waits for the next frame.</summary>
    Blocking,

    /// <summary>A read without a frame answers EAGAIN.</summary>
    NonBlocking,
}

/// <summary>What one read from a TAP or write to it consists of.</summary>
public enum TapFrames
{
    /// <summary>A frame.</summary>
    Bare,

    /// <summary>A virtio-net header of 10 bytes (linux/virtio_net.h <c>struct virtio_net_hdr</c>), then a frame.</summary>
    WithHeader,
}

/// <summary>linux/if_tun.h.</summary>
[Flags]
internal enum TapFlag
{
    IFF_TAP = 0x0002,
    IFF_NO_PI = 0x1000,
    IFF_VNET_HDR = 0x4000,
}

/// <summary>linux/if_tun.h.</summary>
[Flags]
internal enum TapOffload
{
    TUN_F_CSUM = 0x01,
    TUN_F_TSO4 = 0x02,
    TUN_F_TSO6 = 0x04,
    TUN_F_TSO_ECN = 0x08,
}

/// <summary>linux/if_tun.h.</summary>
internal enum TapRequest
{
    TUNSETIFF = 0x400454CA,
    TUNSETOFFLOAD = 0x400454D0,
}

/// <summary>linux/if.h <c>struct ifreq</c>: a name, then a union of which only the flags are used.</summary>
[StructLayout(LayoutKind.Explicit, Size = 40)]
internal struct InterfaceRequest
{
    [FieldOffset(16)]
    public short ifr_flags;
}

using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

// Names and values of the C headers; a test compiles them for x86-64 and arm64 and compares.

/// <summary>sys/socket.h (linux/socket.h is not exported).</summary>
internal enum AddressFamily
{
    AF_UNSPEC = 0,
    AF_UNIX = 1,
    AF_INET = 2,
    AF_BRIDGE = 7,
    AF_INET6 = 10,
    AF_NETLINK = 16,
}

/// <summary>sys/socket.h.</summary>
[Flags]
internal enum SocketType
{
    SOCK_STREAM = 1,
    SOCK_DGRAM = 2,
    SOCK_RAW = 3,
    SOCK_SEQPACKET = 5,
    SOCK_NONBLOCK = 0x800,
    SOCK_CLOEXEC = 0x80000,
}

/// <summary>asm-generic/socket.h, linux/netlink.h.</summary>
internal enum SocketLevel
{
    SOL_SOCKET = 1,
}

/// <summary>asm-generic/socket.h.</summary>
internal enum SocketOption
{
    SO_TYPE = 3,
    SO_SNDBUF = 7,
    SO_PEERCRED = 17,
    SO_ACCEPTCONN = 30,
    SO_SNDBUFFORCE = 32,
    SO_DOMAIN = 39,
}

/// <summary>sys/socket.h.</summary>
[Flags]
internal enum MessageFlag
{
    MSG_CTRUNC = 0x8,
    MSG_NOSIGNAL = 0x4000,
    MSG_CMSG_CLOEXEC = 0x40000000,
}

/// <summary>sys/socket.h.</summary>
internal enum ShutdownHow
{
    SHUT_WR = 1,
}

/// <summary>sys/socket.h.</summary>
internal enum ControlMessageType
{
    SCM_RIGHTS = 1,
}

/// <summary>sys/socket.h <c>struct ucred</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct UserCredentials
{
    public int pid;
    public uint uid;
    public uint gid;
}

/// <summary>sys/uio.h <c>struct iovec</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IoVector
{
    public nint iov_base;
    public nuint iov_len;
}

/// <summary>sys/socket.h <c>struct msghdr</c>, as glibc and the 64-bit kernel see it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MessageHeader
{
    public nint msg_name;
    public uint msg_namelen;
    public nint msg_iov;
    public nuint msg_iovlen;
    public nint msg_control;
    public nuint msg_controllen;
    public int msg_flags;
}

/// <summary>sys/socket.h <c>struct cmsghdr</c>; its data begin at the next multiple of 8.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ControlMessageHeader
{
    public nuint cmsg_len;
    public int cmsg_level;
    public int cmsg_type;
}

using System.Runtime.InteropServices;
using System.Text;

namespace WaltVpn.Linux;

/// <summary>unix(7) sockets: stream sockets at a path, peers' credentials, and pairs. Every descriptor is close-on-exec and owned by the caller.</summary>
public static partial class UnixSocket
{
    private const int Backlog = 128;

    /// <summary>Binds and listens. A socket left at the path by a dead process is replaced; anything else there is EADDRINUSE.</summary>
    /// <param name="path">At most 107 bytes.</param>
    /// <returns>A non-blocking listening socket; removing the path is the caller's.</returns>
    public static FileDescriptor Listen(string path)
    {
        var socket = Create(SocketType.SOCK_STREAM | SocketType.SOCK_NONBLOCK);
        if (File.Exists(path)) RemoveDeadSocket(path);
        var address = AddressOf(path);
        if (Bind(socket, address, (uint)address.Length) < 0 || ListenOn(socket, Backlog) < 0)
        {
            var failure = ErrnoException.Last("bind", path);
            socket.Dispose();
            throw failure;
        }

        return socket;
    }

    /// <summary>Takes the next connection of a non-blocking listening socket.</summary>
    /// <returns>A non-blocking socket; null when nobody waits, or the one who did has gone.</returns>
    public static FileDescriptor? Accept(FileDescriptor listener)
    {
        var number = Accept4(listener, 0, 0, (int)(SocketType.SOCK_NONBLOCK | SocketType.SOCK_CLOEXEC));
        if (number >= 0) return new FileDescriptor(number, ownsHandle: true);
        return (Errno)Marshal.GetLastPInvokeError() is Errno.EAGAIN or Errno.EINTR or Errno.ECONNABORTED ? null : throw ErrnoException.Last("accept4", "");
    }

    /// <summary>Connects a blocking stream socket.</summary>
    /// <exception cref="ErrnoException">ENOENT: no such path. ECONNREFUSED: nobody listens there. EACCES: not allowed to.</exception>
    public static FileDescriptor Connect(string path) => ConnectTo(Create(SocketType.SOCK_STREAM), path);

    /// <summary>Connects a non-blocking stream socket.</summary>
    /// <exception cref="ErrnoException">As <see cref="Connect(string)"/>; EAGAIN: the listener has too many waiting.</exception>
    public static FileDescriptor ConnectNow(string path) => ConnectTo(Create(SocketType.SOCK_STREAM | SocketType.SOCK_NONBLOCK), path);

    /// <summary>Connects a blocking datagram socket; a path that begins with <c>@</c> is an abstract name.</summary>
    public static FileDescriptor ConnectDatagram(string path) => ConnectTo(Create(SocketType.SOCK_DGRAM), path);

    /// <summary>Tells the other side that nothing more comes; it may still answer.</summary>
    public static void EndSending(FileDescriptor socket)
    {
        if (Shutdown(socket, (int)ShutdownHow.SHUT_WR) < 0) throw ErrnoException.Last("shutdown", "SHUT_WR");
    }

    /// <summary>Two connected blocking sockets: for tests, a packet pair stands for a TAP and a stream pair for ssh.</summary>
    internal static (FileDescriptor First, FileDescriptor Second) Pair(SocketKind kind)
    {
        Span<int> ends = stackalloc int[2];
        var type = kind switch
        {
            SocketKind.Stream => SocketType.SOCK_STREAM,
            SocketKind.Packets => SocketType.SOCK_SEQPACKET,
        };
        if (SocketPair((int)AddressFamily.AF_UNIX, (int)(type | SocketType.SOCK_CLOEXEC), 0, ends) < 0)
            throw ErrnoException.Last("socketpair", kind.ToString());
        return (new FileDescriptor(ends[0], ownsHandle: true), new FileDescriptor(ends[1], ownsHandle: true));
    }

    /// <summary>Who is at the other end: its process as it was when it connected. SO_PEERCRED, unix(7).</summary>
    public static unsafe PeerCredentials PeerOf(FileDescriptor socket)
    {
        UserCredentials credentials;
        var size = (uint)sizeof(UserCredentials);
        // Safe: the kernel writes at most `size` bytes into a structure of that size.
        if (GetOption(socket, (int)SocketLevel.SOL_SOCKET, (int)SocketOption.SO_PEERCRED, &credentials, &size) < 0)
            throw ErrnoException.Last("getsockopt", "SO_PEERCRED");
        return new PeerCredentials(credentials.pid, credentials.uid);
    }

    /// <summary>A connected or connectable stream socket of this machine; false for any other kind of socket.</summary>
    public static bool IsUnixStream(FileDescriptor socket) =>
        OptionOf(socket, SocketOption.SO_DOMAIN) == (int)AddressFamily.AF_UNIX && OptionOf(socket, SocketOption.SO_TYPE) == (int)SocketType.SOCK_STREAM;

    /// <summary>A listening socket: it never carries data.</summary>
    public static bool IsListening(FileDescriptor socket) => OptionOf(socket, SocketOption.SO_ACCEPTCONN) != 0;

    /// <summary>How much may wait to be read by the other end: SO_SNDBUF, above the system's limit where CAP_NET_ADMIN allows it, else up to that.</summary>
    /// <param name="socket">A stream socket.</param>
    /// <param name="bytes">The kernel takes twice as much, for its own accounts.</param>
    public static void SetSendBuffer(FileDescriptor socket, int bytes)
    {
        if (SetOption(socket, (int)SocketLevel.SOL_SOCKET, (int)SocketOption.SO_SNDBUFFORCE, in bytes, sizeof(int)) == 0) return;
        if (Marshal.GetLastPInvokeError() != (int)Errno.EPERM) throw ErrnoException.Last("setsockopt", "SO_SNDBUFFORCE");
        if (SetOption(socket, (int)SocketLevel.SOL_SOCKET, (int)SocketOption.SO_SNDBUF, in bytes, sizeof(int)) < 0)
            throw ErrnoException.Last("setsockopt", "SO_SNDBUF");
    }

    private static FileDescriptor Create(SocketType type) =>
        FileDescriptor.Own(Socket((int)AddressFamily.AF_UNIX, (int)(type | SocketType.SOCK_CLOEXEC), 0), "socket", "AF_UNIX");

    private static FileDescriptor ConnectTo(FileDescriptor socket, string path)
    {
        var address = AddressOf(path);
        while (Connect(socket, address, (uint)address.Length) < 0)
        {
            if (Marshal.GetLastPInvokeError() == (int)Errno.EINTR) continue;
            var failure = ErrnoException.Last("connect", path);
            socket.Dispose();
            throw failure;
        }

        return socket;
    }

    private static void RemoveDeadSocket(string path)
    {
        try
        {
            Connect(path).Dispose();
        }
        catch (ErrnoException refused) when (refused.Errno == Errno.ECONNREFUSED)
        {
            // connect(2) answers so for a socket without a listener, and for anything that is no socket: that stays, and bind says EADDRINUSE.
            if (FileDescriptor.TypeOf(path) == FileType.S_IFSOCK) File.Delete(path);
        }
    }

    private static byte[] AddressOf(string path)
    {
        var text = Encoding.UTF8.GetBytes(path);
        if (text.Length is 0 or > 107) throw new ErrnoException("bind", path, Errno.EINVAL);
        // An abstract name begins with a zero byte and ends with the address; a path has a closing zero.
        var isAbstract = text[0] == '@';
        var address = new byte[sizeof(ushort) + text.Length + (isAbstract ? 0 : 1)];
        MemoryMarshal.Write(address, (ushort)AddressFamily.AF_UNIX);
        text.CopyTo(address.AsSpan(sizeof(ushort)));
        if (isAbstract) address[sizeof(ushort)] = 0;
        return address;
    }

    private static unsafe int OptionOf(FileDescriptor socket, SocketOption option)
    {
        int value;
        var size = (uint)sizeof(int);
        // Safe: the kernel writes at most `size` bytes into an int.
        var result = GetOption(socket, (int)SocketLevel.SOL_SOCKET, (int)option, &value, &size);
        return result >= 0 ? value : throw ErrnoException.Last("getsockopt", option.ToString());
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    private static partial int SocketPair(int family, int type, int protocol, Span<int> ends);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(FileDescriptor socket, ReadOnlySpan<byte> address, uint length);

    [LibraryImport("libc", EntryPoint = "listen", SetLastError = true)]
    private static partial int ListenOn(FileDescriptor socket, int backlog);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    private static partial int Connect(FileDescriptor socket, ReadOnlySpan<byte> address, uint length);

    [LibraryImport("libc", EntryPoint = "accept4", SetLastError = true)]
    private static partial int Accept4(FileDescriptor socket, nint address, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    private static partial int Shutdown(FileDescriptor socket, int how);

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    private static unsafe partial int GetOption(FileDescriptor socket, int level, int option, void* value, uint* size);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetOption(FileDescriptor socket, int level, int option, in int value, uint size);
}

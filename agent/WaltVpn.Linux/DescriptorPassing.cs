using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

/// <summary>Open descriptors sent beside bytes over a UNIX socket: cmsg(3), SCM_RIGHTS of unix(7).</summary>
public static partial class DescriptorPassing
{
    /// <summary>Most descriptors one received message is taken with.</summary>
    public const int MaxReceived = 8;

    /// <summary>Most descriptors one message can carry: SCM_MAX_FD of the kernel, unix(7).</summary>
    public const int MaxSent = 253;

    private const int HeaderSize = 16;

    /// <summary>Sends bytes and descriptors as one message on a blocking socket. The receiver gets copies; the caller keeps its own.</summary>
    /// <param name="socket">A connected UNIX socket.</param>
    /// <param name="bytes">At least one.</param>
    /// <param name="descriptors">1..<see cref="MaxSent"/>.</param>
    public static unsafe void Send(FileDescriptor socket, ReadOnlySpan<byte> bytes, params ReadOnlySpan<FileDescriptor> descriptors)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, MaxSent);
        var control = stackalloc byte[HeaderSize + (MaxSent * sizeof(int))];
        var used = HeaderSize + (descriptors.Length * sizeof(int));
        *(ControlMessageHeader*)control = new ControlMessageHeader
        {
            cmsg_len = (nuint)used,
            cmsg_level = (int)SocketLevel.SOL_SOCKET,
            cmsg_type = (int)ControlMessageType.SCM_RIGHTS,
        };
        for (var i = 0; i < descriptors.Length; i++) ((int*)(control + HeaderSize))[i] = descriptors[i].Number;

        nint sent;
        // Safe: every pointer in the header points to memory that is pinned or on this stack until the call returns.
        fixed (byte* data = bytes)
        {
            var vector = new IoVector { iov_base = (nint)data, iov_len = (nuint)bytes.Length };
            var message = new MessageHeader { msg_iov = (nint)(&vector), msg_iovlen = 1, msg_control = (nint)control, msg_controllen = (nuint)used };
            do sent = SendMessage(socket, &message, (int)MessageFlag.MSG_NOSIGNAL);
            while (sent < 0 && Marshal.GetLastPInvokeError() == (int)Errno.EINTR);
        }

        foreach (var descriptor in descriptors) GC.KeepAlive(descriptor);
        if (sent < 0) throw ErrnoException.Last("sendmsg", "SCM_RIGHTS");
        if (sent < bytes.Length) throw new ErrnoException("sendmsg", "SCM_RIGHTS", Errno.EMSGSIZE);
    }

    /// <summary>Receives bytes and the descriptors that came with them, each close-on-exec and owned by the caller.</summary>
    /// <param name="socket">A connected UNIX socket, blocking or not.</param>
    /// <param name="buffer">Filled from its start.</param>
    /// <returns>Bytes read as in <see cref="FileDescriptor.TryRead"/>, and the descriptors, which stay empty after an error.</returns>
    /// <remarks>When somebody sends more than <see cref="MaxReceived"/>, all that arrived are closed and the answer is EMSGSIZE.</remarks>
    public static unsafe (Transfer Bytes, IReadOnlyList<FileDescriptor> Descriptors) Receive(FileDescriptor socket, Span<byte> buffer)
    {
        var control = stackalloc byte[HeaderSize + (MaxReceived * sizeof(int))];
        MessageHeader message;
        nint count;
        // Safe: as in Send; the kernel writes at most the lengths given.
        fixed (byte* data = buffer)
        {
            var vector = new IoVector { iov_base = (nint)data, iov_len = (nuint)buffer.Length };
            do
            {
                message = new MessageHeader
                {
                    msg_iov = (nint)(&vector),
                    msg_iovlen = 1,
                    msg_control = (nint)control,
                    msg_controllen = HeaderSize + (MaxReceived * sizeof(int)),
                };
                count = ReceiveMessage(socket, &message, (int)MessageFlag.MSG_CMSG_CLOEXEC);
            }
            while (count < 0 && Marshal.GetLastPInvokeError() == (int)Errno.EINTR);
        }

        if (count < 0) return (new Transfer(0, (Errno)Marshal.GetLastPInvokeError()), []);
        var descriptors = Take(new ReadOnlySpan<byte>(control, (int)message.msg_controllen));
        if ((message.msg_flags & (int)MessageFlag.MSG_CTRUNC) == 0) return (new Transfer((int)count, null), descriptors);
        foreach (var descriptor in descriptors) descriptor.Dispose();
        return (new Transfer(0, Errno.EMSGSIZE), []);
    }

    // The kernel puts all descriptors of one message into one SCM_RIGHTS; we ask for no other control message.
    private static List<FileDescriptor> Take(ReadOnlySpan<byte> control)
    {
        if (control.Length < HeaderSize) return [];
        var header = MemoryMarshal.Read<ControlMessageHeader>(control);
        if (header.cmsg_level != (int)SocketLevel.SOL_SOCKET || header.cmsg_type != (int)ControlMessageType.SCM_RIGHTS) return [];
        var numbers = control[HeaderSize..Math.Min(control.Length, (int)header.cmsg_len)];
        var descriptors = new List<FileDescriptor>(numbers.Length / sizeof(int));
        for (; numbers.Length >= sizeof(int); numbers = numbers[sizeof(int)..])
            descriptors.Add(new FileDescriptor(BinaryPrimitives.ReadInt32LittleEndian(numbers), ownsHandle: true));
        return descriptors;
    }

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static unsafe partial nint SendMessage(FileDescriptor socket, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static unsafe partial nint ReceiveMessage(FileDescriptor socket, MessageHeader* message, int flags);
}

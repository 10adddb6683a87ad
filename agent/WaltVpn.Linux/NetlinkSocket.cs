using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

/// <summary>A netlink(7) socket. One thread at a time.</summary>
internal sealed partial class NetlinkSocket : IDisposable
{
    // The kernel fills at most 32 KiB per dump message: net/netlink/af_netlink.c, netlink_dump.
    private readonly byte[] _buffer = new byte[32 * 1024];
    private readonly NetlinkProtocol _protocol;
    private uint _sequence;

    /// <summary>Speaks rtnetlink(7).</summary>
    /// <param name="groups">Groups whose messages are heard without asking.</param>
    public NetlinkSocket(NetlinkGroup groups = 0)
        : this(NetlinkProtocol.NETLINK_ROUTE, (uint)groups)
    {
    }

    /// <param name="protocol">Which part of the kernel is spoken to.</param>
    public NetlinkSocket(NetlinkProtocol protocol)
        : this(protocol, 0)
    {
    }

    private NetlinkSocket(NetlinkProtocol protocol, uint groups) => (_protocol, Descriptor) = (protocol, Open(protocol, groups));

    /// <summary>Reads one message: its type and what follows the header.</summary>
    public delegate void MessageReader(NetlinkType type, ReadOnlySpan<byte> body);

    /// <summary>Readable when there is a message. Owned by this object.</summary>
    public FileDescriptor Descriptor { get; }

    /// <summary>Opens a socket and joins groups.</summary>
    /// <param name="protocol">Which part of the kernel is spoken to.</param>
    /// <param name="groups">Bits, as the protocol numbers them.</param>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static FileDescriptor Open(NetlinkProtocol protocol, uint groups)
    {
        var number = Create((int)AddressFamily.AF_NETLINK, (int)(SocketType.SOCK_RAW | SocketType.SOCK_CLOEXEC), (int)protocol);
        var socket = FileDescriptor.Own(number, "socket", $"{protocol}");
        var address = new NetlinkAddress { nl_family = (ushort)AddressFamily.AF_NETLINK, nl_groups = groups };
        if (Bind(socket, in address, (uint)Unsafe.SizeOf<NetlinkAddress>()) == 0) return socket;
        var failure = ErrnoException.Last("bind", $"{protocol}");
        socket.Dispose();
        throw failure;
    }

    /// <summary>Sends a request and waits for its acknowledgement, or for all parts of its dump.</summary>
    /// <param name="request">With NLM_F_ACK or NLM_F_DUMP.</param>
    /// <param name="subject">What it is about, for the error.</param>
    /// <param name="read">Gets each message of the answer.</param>
    /// <exception cref="ErrnoException">The kernel's refusal.</exception>
    public void Ask(NetlinkMessage request, string subject, MessageReader? read = null)
    {
        Descriptor.Write(request.Finish(++_sequence));
        while (!ReceiveAnswer(request, subject, read))
        {
        }
    }

    /// <summary>Sends requests as one transaction of nfnetlink, all done or none, and waits for the outcome.</summary>
    /// <param name="begin">NFNL_MSG_BATCH_BEGIN.</param>
    /// <param name="requests">At least one.</param>
    /// <param name="end">NFNL_MSG_BATCH_END.</param>
    /// <param name="subject">What they are about, for the error.</param>
    /// <exception cref="ErrnoException">The kernel's first refusal.</exception>
    public void AskTogether(NetlinkMessage begin, IReadOnlyList<NetlinkMessage> requests, NetlinkMessage end, string subject)
    {
        var first = ++_sequence;
        List<byte> bytes = [.. begin.Finish(first)];
        foreach (var (index, request) in requests.Index()) bytes.AddRange(request.Finish(++_sequence, acknowledged: index == requests.Count - 1));
        var last = _sequence;
        bytes.AddRange(end.Finish(++_sequence));
        Descriptor.Write([.. bytes]);

        // A refused request is answered without being asked, the last one in any case, each in its turn; the whole by an answer to the first.
        ErrnoException? refusal = null;
        for (var answered = false; !answered;)
        {
            var count = Descriptor.Read(_buffer);
            for (var rest = _buffer.AsSpan(0, count); TryCut(ref rest, out var header, out var body);)
            {
                if ((NetlinkType)header.nlmsg_type != NetlinkType.NLMSG_ERROR || header.nlmsg_seq < first || header.nlmsg_seq > last) continue;
                var error = -MemoryMarshal.Read<int>(body);
                var request = header.nlmsg_seq == first ? begin : requests[(int)(header.nlmsg_seq - first) - 1];
                if (error != 0) refusal ??= new ErrnoException(request.Name, subject, (Errno)error);
                answered |= header.nlmsg_seq == last || header.nlmsg_seq == first;
            }
        }

        if (refusal is not null) throw refusal;
    }

    /// <summary>Reads the messages of one datagram that nobody asked for.</summary>
    /// <returns>False when the kernel had to drop some (ENOBUFS): ask for the whole state again.</returns>
    public bool Receive(MessageReader read)
    {
        var received = Descriptor.TryRead(_buffer);
        if (received.Error is Errno.ENOBUFS) return false;
        if (received.Error is { } error) throw new ErrnoException("read", $"{_protocol}", error);
        for (var rest = _buffer.AsSpan(0, received.Count); TryCut(ref rest, out var header, out var body);) read((NetlinkType)header.nlmsg_type, body);
        return true;
    }

    public void Dispose() => Descriptor.Dispose();

    private bool ReceiveAnswer(NetlinkMessage request, string subject, MessageReader? read)
    {
        var count = Descriptor.Read(_buffer);
        for (var rest = _buffer.AsSpan(0, count); TryCut(ref rest, out var header, out var body);)
        {
            if (header.nlmsg_seq != _sequence) continue;
            switch ((NetlinkType)header.nlmsg_type)
            {
                case NetlinkType.NLMSG_DONE:
                    return true;
                case NetlinkType.NLMSG_ERROR:
                    // struct nlmsgerr begins with the negative errno; 0 is the acknowledgement.
                    var error = -MemoryMarshal.Read<int>(body);
                    return error == 0 ? true : throw new ErrnoException(request.Name, subject, (Errno)error);
                default:
                    read?.Invoke((NetlinkType)header.nlmsg_type, body);
                    break;
            }
        }

        return false;
    }

    private static bool TryCut(ref Span<byte> rest, out NetlinkHeader header, out ReadOnlySpan<byte> body)
    {
        header = default;
        body = default;
        var size = Unsafe.SizeOf<NetlinkHeader>();
        if (rest.Length < size) return false;
        header = MemoryMarshal.Read<NetlinkHeader>(rest);
        if (header.nlmsg_len < size || header.nlmsg_len > rest.Length) return false;
        body = rest[size..(int)header.nlmsg_len];
        var step = ((int)header.nlmsg_len + NetlinkMessage.Alignment - 1) & ~(NetlinkMessage.Alignment - 1);
        rest = rest[Math.Min(step, rest.Length)..];
        return true;
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Create(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(FileDescriptor socket, in NetlinkAddress address, uint length);
}

using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace WaltVpn.Server.Http;

/// <summary>Who is at the other end of a connected UNIX socket, as the kernel knows it (unix(7), socket(7)).</summary>
internal static class Peer
{
    // asm-generic/socket.h, the same on x86-64 and arm64.
    private const int SOL_SOCKET = 1;
    private const int SO_PEERCRED = 17;
    private const int SO_PEERGROUPS = 59;

    /// <summary>NGROUPS_MAX (limits.h): no process has more supplementary groups.</summary>
    private const int MaxGroups = 65536;

    /// <summary>Its user id at the time of connect(2).</summary>
    public static uint UserIdOf(Socket socket) => Credentials(socket).User;

    /// <summary>Its group and supplementary groups at that time.</summary>
    public static IReadOnlyList<uint> GroupsOf(Socket socket)
    {
        var groups = new byte[MaxGroups * sizeof(uint)];
        var length = socket.GetRawSocketOption(SOL_SOCKET, SO_PEERGROUPS, groups);
        return [Credentials(socket).Group, .. MemoryMarshal.Cast<byte, uint>(groups.AsSpan(0, length))];
    }

    private static (uint User, uint Group) Credentials(Socket socket)
    {
        // struct ucred: pid, uid, gid, 32 bits each.
        Span<byte> credentials = stackalloc byte[12];
        socket.GetRawSocketOption(SOL_SOCKET, SO_PEERCRED, credentials);
        return (MemoryMarshal.Read<uint>(credentials[4..]), MemoryMarshal.Read<uint>(credentials[8..]));
    }
}

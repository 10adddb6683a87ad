using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.Login;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Http;

/// <summary>The four sockets the daemon listens on, and what each endures.</summary>
internal static class Listeners
{
    private const UnixFileMode Everybody =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private const UnixFileMode OwnerAndGroup = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    /// <summary>Sets the web server up.</summary>
    public static void Configure(KestrelServerOptions kestrel, ServerSettings settings)
    {
        kestrel.AddServerHeader = false;
        // docs/security.md HTTP-6.
        kestrel.Limits.MaxRequestLineSize = 2048;
        kestrel.Limits.MaxRequestHeadersTotalSize = 8192;
        kestrel.Limits.MaxRequestBodySize = 4096;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        // Every waiting enrolment holds a connection; what comes beyond is closed at once and asks again.
        kestrel.Limits.MaxConcurrentConnections = 4096;
        kestrel.Listen(settings.Http, listen => listen.Protocols = HttpProtocols.Http1);
        kestrel.ListenUnixSocket(settings.ApiSocket, listen => listen.Protocols = HttpProtocols.Http1);
        kestrel.ListenUnixSocket(settings.EnrollSocket, listen => listen.UseConnectionHandler<EnrollmentConnection>());
        kestrel.ListenUnixSocket(settings.LoginSocket, listen => listen.UseConnectionHandler<LoginConnection>());
    }

    /// <summary>Makes a listening socket. UNIX sockets get their mode before anybody can connect.</summary>
    public static Socket Bind(EndPoint endPoint, ServerSettings settings)
    {
        if (endPoint is not UnixDomainSocketEndPoint) return Inherited() ?? SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint);
        var path = endPoint.ToString()!;
        RemoveStale(path);
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint);
        // Who may speak is decided by SO_PEERCRED (PeerGate); the helpers of sshd run as a user outside our group.
        File.SetUnixFileMode(path, path == settings.ApiSocket ? OwnerAndGroup : Everybody);
        return socket;
    }

    /// <summary>The public port, when systemd opened it for us (sd_listen_fds(3)); it is one, and descriptors begin at 3.</summary>
    private static Socket? Inherited()
    {
        const int FirstDescriptor = 3;
        var forUs = Environment.GetEnvironmentVariable("LISTEN_PID") == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        return forUs && Environment.GetEnvironmentVariable("LISTEN_FDS") == "1" ? new Socket(new SafeSocketHandle(FirstDescriptor, ownsHandle: true)) : null;
    }

    /// <summary>Removes the socket that a killed daemon left behind, but not a living one's.</summary>
    private static void RemoveStale(string path)
    {
        if (!File.Exists(path)) return;
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return;
        }

        throw new AddressInUseException($"another waltvpnd answers on {path}; stop it first");
    }
}

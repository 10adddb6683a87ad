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

/// <summary>The sockets the daemon listens on, and what each endures.</summary>
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
        kestrel.Limits.RequestHeadersTimeout = settings.HttpLimits.ForHead;
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(15);
        // Every waiting enrolment holds a connection; what comes beyond is closed at once and asks again.
        kestrel.Limits.MaxConcurrentConnections = 4096;
        var refusals = kestrel.ApplicationServices.GetRequiredService<Refusals>();
        kestrel.Listen(settings.Http, listen => ServeAnybody(listen, Face.Public, new ConnectionCap(settings, refusals)));
        // Its own cap: whoever floods from outside leaves the platform's own boards theirs.
        if (settings.Lan is { } lan) kestrel.Listen(lan.EndPoint, listen => ServeAnybody(listen, Face.Lan, new ConnectionCap(settings, refusals)));
        kestrel.ListenUnixSocket(settings.ApiSocket, listen => Serve(listen, Face.Administration));
        kestrel.ListenUnixSocket(settings.EnrollSocket, listen => listen.UseConnectionHandler<EnrollmentConnection>());
        kestrel.ListenUnixSocket(settings.LoginSocket, listen => listen.UseConnectionHandler<LoginConnection>());
    }

    /// <summary>A TCP face: as many connections as the cap lets in.</summary>
    private static void ServeAnybody(ListenOptions listen, Face face, ConnectionCap cap)
    {
        listen.Use(next => connection => cap.Serve(connection, next));
        Serve(listen, face);
    }

    /// <summary>Every connection of the socket carries its face.</summary>
    private static void Serve(ListenOptions listen, Face face)
    {
        listen.Protocols = HttpProtocols.Http1;
        listen.Use(next => connection =>
        {
            connection.Features.Set(new FaceOfConnection(face, (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None));
            return next(connection);
        });
    }

    /// <summary>Makes a listening socket. UNIX sockets get their mode before anybody can connect.</summary>
    public static Socket Bind(EndPoint endPoint, ServerSettings settings)
    {
        if (endPoint is IPEndPoint address) return Inherited(address, settings) ?? Open(address, settings);
        var path = endPoint.ToString()!;
        RemoveStale(path);
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint);
        // Who may speak is decided by SO_PEERCRED (PeerGate); the helpers of sshd run as a user outside our group.
        File.SetUnixFileMode(path, path == settings.ApiSocket ? OwnerAndGroup : Everybody);
        return socket;
    }

    /// <summary>A TCP socket of our own.</summary>
    private static Socket Open(IPEndPoint endPoint, ServerSettings settings)
    {
        const int SOL_SOCKET = 1, SO_REUSEPORT = 15;
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endPoint.Address.Equals(IPAddress.IPv6Any)) socket.DualMode = true;
            // "All addresses" and one of them, on one port: the kernel gives each connection to the socket that names its address (socket(7)).
            if (settings.Lan?.EndPoint.Port == settings.Http.Port) socket.SetRawSocketOption(SOL_SOCKET, SO_REUSEPORT, BitConverter.GetBytes(1));
            socket.Bind(endPoint);
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            var key = endPoint.Equals(settings.Lan?.EndPoint) ? "lan" : "http";
            throw new SettingsException($"cannot listen on {endPoint} ({key} in server.yaml): {e.Message}. See: ip address; ss -tln");
        }
    }

    /// <summary>A port below 1024 that systemd opened for us (sd_listen_fds(3)): the LAN face's is named <c>lan</c>, the public one is the other.</summary>
    private static Socket? Inherited(IPEndPoint endPoint, ServerSettings settings)
    {
        const int FirstDescriptor = 3;
        const string LanName = "lan";
        if (Environment.GetEnvironmentVariable("LISTEN_PID") != Environment.ProcessId.ToString(CultureInfo.InvariantCulture)) return null;
        var names = (Environment.GetEnvironmentVariable("LISTEN_FDNAMES") ?? "").Split(':');
        var isLan = endPoint.Equals(settings.Lan?.EndPoint);
        if (settings.Lan is null && names.Contains(LanName))
        {
            throw new SettingsException(
                "waltvpnd-lan.socket is active and server.yaml has no lan.address; set it, or: systemctl disable --now waltvpnd-lan.socket");
        }

        var index = Array.FindIndex(names, name => (name == LanName) == isLan);
        if (index < 0) return null;
        var socket = new Socket(new SafeSocketHandle(FirstDescriptor + index, ownsHandle: true));
        if (!isLan || endPoint.Equals(socket.LocalEndPoint)) return socket;
        var held = socket.LocalEndPoint;
        socket.Dispose();
        throw new SettingsException($"waltvpnd-lan.socket listens on {held}, server.yaml says {endPoint}; make them agree: systemctl edit waltvpnd-lan.socket");
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

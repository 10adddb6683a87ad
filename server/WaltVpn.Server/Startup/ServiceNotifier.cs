using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace WaltVpn.Server.Startup;

/// <summary>Tells systemd how the service is (sd_notify(3)); silent where systemd did not ask.</summary>
internal sealed class ServiceNotifier : IDisposable
{
    private readonly Socket? _socket;

    public ServiceNotifier()
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 1 } path) return;
        _socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        // "@" stands for the zero byte of an abstract address.
        _socket.Connect(new UnixDomainSocketEndPoint(path[0] == '@' ? '\0' + path[1..] : path));
    }

    /// <summary>How long systemd waits for <see cref="Alive"/>; null when it does not watch (sd_watchdog_enabled(3)).</summary>
    public static TimeSpan? WatchdogTime
    {
        get
        {
            var allowed = Environment.GetEnvironmentVariable("WATCHDOG_USEC");
            return long.TryParse(allowed, NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)
                ? TimeSpan.FromMicroseconds(microseconds)
                : null;
        }
    }

    /// <summary>The service does its work from now on.</summary>
    public void Ready(string status) => Send($"READY=1\nSTATUS={status}");

    /// <summary>It is alive, and how it is.</summary>
    public void Alive(string status) => Send($"WATCHDOG=1\nSTATUS={status}");

    /// <summary>It is about to end.</summary>
    public void Stopping() => Send("STOPPING=1");

    /// <inheritdoc/>
    public void Dispose() => _socket?.Dispose();

    private void Send(string state) => _socket?.Send(Encoding.UTF8.GetBytes(state));
}

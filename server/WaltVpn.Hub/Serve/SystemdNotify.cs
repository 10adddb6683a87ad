using System.Globalization;
using System.Text;
using WaltVpn.Linux;

namespace WaltVpn.Hub.Serve;

/// <summary>Tells systemd how we are: sd_notify(3). Without <c>NOTIFY_SOCKET</c> in the environment it does nothing.</summary>
internal sealed class SystemdNotify : IDisposable
{
    private readonly FileDescriptor? _socket;

    public SystemdNotify()
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 0 } path) return;
        _socket = UnixSocket.ConnectDatagram(path);
        _socket.NonBlocking = true;
    }

    /// <summary>How often <see cref="Alive"/> is due: half of what the unit allows. Null when the unit has no watchdog.</summary>
    public static TimeSpan? WatchdogInterval
    {
        get
        {
            var allowed = Environment.GetEnvironmentVariable("WATCHDOG_USEC");
            return long.TryParse(allowed, NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds) && microseconds > 0
                ? TimeSpan.FromMicroseconds(microseconds) / 2
                : null;
        }
    }

    public void Ready() => Send("READY=1");

    public void Alive() => Send("WATCHDOG=1");

    public void Stopping() => Send("STOPPING=1");

    /// <summary>One line for <c>systemctl status</c>.</summary>
    public void Status(string text) => Send($"STATUS={text}");

    public void Dispose() => _socket?.Dispose();

    // A full socket: systemd is behind, and the next word comes soon.
    private void Send(string word) => _socket?.TryWrite(Encoding.UTF8.GetBytes(word));
}

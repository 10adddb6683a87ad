using System.Globalization;
using System.Runtime.InteropServices;
using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Hub.Serve;

/// <summary><c>waltvpn-hub serve</c>: all tunnels of the server, until SIGTERM or SIGINT.</summary>
internal static class ServeCommand
{
    private static readonly TimeSpan LongestTick = TimeSpan.FromSeconds(1);

    /// <param name="arguments">The options.</param>
    /// <returns>Exit status.</returns>
    public static int Run(Arguments arguments)
    {
        var bridgeName = arguments.Option("bridge", "walt-net");
        var runtime = arguments.Option("runtime-directory", Defaults.RuntimeDirectory);
        var state = arguments.Option("state-directory", "/var/lib/waltvpn-hub");
        var connectUser = UserId(arguments.Option("connect-user", "walt-vpn"));
        var controlUser = UserId(arguments.Option("control-user", "waltvpn"));
        var filters = IsOn(arguments.Option("kernel-filter", "on"));
        var deadAfter = Seconds(arguments.Option("dead-after", string.Create(CultureInfo.InvariantCulture, $"{TunnelHello.DefaultDeadAfter.TotalSeconds}")));
        arguments.ExpectEnd();

        using var notify = new SystemdNotify();
        var tick = SystemdNotify.WatchdogInterval is { } watchdog && watchdog < LongestTick ? watchdog : LongestTick;
        using var loop = new EventLoop(TimeProvider.System, tick);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Stop(signal, loop));
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Stop(signal, loop));
        using var bridge = new Bridge(bridgeName);
        using var filter = filters ? new KernelFilter() : null;
        if (filter is null) Log.Warning("--kernel-filter off: nothing but the hub itself keeps a node to its own addresses");
        var addresses = new AddressBook(Path.Combine(state, "addresses"), TimeProvider.System);
        using var hub = new TunnelHub(loop, bridge, filter, addresses, TimeProvider.System, deadAfter);
        Directory.CreateDirectory(runtime);
        using var control = new Listener(loop, Path.Combine(runtime, "control.sock"), controlUser, hub.AcceptControl);
        using var connect = new Listener(loop, Path.Combine(runtime, "connect.sock"), connectUser, hub.AcceptConnect);

        var told = -1;
        loop.Ticked += () =>
        {
            notify.Alive();
            if (told == hub.Count) return;
            told = hub.Count;
            notify.Status(string.Create(CultureInfo.InvariantCulture, $"{told} tunnels on {bridgeName}"));
        };
        notify.Ready();
        Log.Info($"hub ready: bridge {bridgeName}, sockets in {runtime}");
        loop.Run();
        notify.Stopping();
        Log.Info("hub stops");
        return ExitCode.Success;
    }

    private static void Stop(PosixSignalContext signal, EventLoop loop)
    {
        signal.Cancel = true;
        loop.Stop();
    }

    private static bool IsOn(string value) => value switch
    {
        "on" => true,
        "off" => false,
        _ => throw new UsageException($"option --kernel-filter is on or off, not '{value}'"),
    };

    private static TimeSpan Seconds(string value)
    {
        var (least, most) = (TunnelHello.ShortestDeadAfter.TotalSeconds, TunnelHello.LongestDeadAfter.TotalSeconds);
        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds >= least && seconds <= most
            ? TimeSpan.FromSeconds(seconds)
            : throw new UsageException($"option --dead-after is a whole number of seconds, {least}..{most}, not '{value}'");
    }

    private static uint UserId(string name) => Passwd.UserId(name) ?? throw new UsageException($"there is no user '{name}' on this machine: server/packaging/install makes the two, --connect-user and --control-user name others");
}

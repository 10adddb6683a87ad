namespace WaltVpn.Integration.Tests.Platform;

/// <summary>What a platform holds while its nodes are connected and nothing happens.</summary>
/// <param name="Taps">TAP interfaces on the server.</param>
/// <param name="Processes">Processes of this private host.</param>
/// <param name="UnixSockets">UNIX sockets, both ends.</param>
/// <param name="TcpConnections">Connections to sshd.</param>
/// <param name="HubDescriptors">Open descriptors of the hub.</param>
/// <param name="DaemonDescriptors">Open descriptors of the daemon.</param>
internal sealed record SteadyState(int Taps, int Processes, int UnixSockets, int TcpConnections, int HubDescriptors, int DaemonDescriptors)
{
    private const int Quiet = 5;

    /// <summary>Counts until nothing has changed for five looks: what a moment ago ended is gone.</summary>
    public static async Task<SteadyState> Settled()
    {
        var (last, same) = (await Now(), 0);
        await Eventually.Holds("the platform is quiet", async () =>
        {
            var now = await Now();
            same = now == last ? same + 1 : 0;
            last = now;
            return same >= Quiet;
        });
        return last;
    }

    /// <summary>Counts now.</summary>
    public static async Task<SteadyState> Now() => new(
        Directory.EnumerateDirectories("/sys/class/net").Count(link => File.Exists(Path.Combine(link, "tun_flags"))),
        ServerProcesses.Having("waltvpn").Count + ServerProcesses.Having("sshd").Count,
        Lines(await Tool.Succeed("ss", "-Hxa")),
        Lines(await Tool.Succeed("ss", "-Htn", "state", "established", "sport", "=", $":{RunningPlatform.SshPort}")),
        ServerProcesses.Descriptors(RunningPlatform.Pid("waltvpn-hub")),
        ServerProcesses.Descriptors(RunningPlatform.Pid("waltvpnd")));

    /// <summary>The greater of each number.</summary>
    public SteadyState AtLeast(SteadyState other) => new(
        Math.Max(Taps, other.Taps),
        Math.Max(Processes, other.Processes),
        Math.Max(UnixSockets, other.UnixSockets),
        Math.Max(TcpConnections, other.TcpConnections),
        Math.Max(HubDescriptors, other.HubDescriptors),
        Math.Max(DaemonDescriptors, other.DaemonDescriptors));

    private static int Lines(string text) => text.Count(letter => letter == '\n');
}

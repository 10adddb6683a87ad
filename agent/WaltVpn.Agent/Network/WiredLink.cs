using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Network;

/// <summary>The board's wired interfaces.</summary>
internal static class WiredLink
{
    private const int ARPHRD_ETHER = 1; // linux/if_arp.h
    private static readonly TimeSpan FirstPatience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LongestPatience = TimeSpan.FromMinutes(10);

    /// <summary>Brings every wired interface up and waits, however long it takes, until one has a carrier. Says from time to time what is missing.</summary>
    /// <returns>Those with a carrier, in the order of their names.</returns>
    public static async Task<IReadOnlyList<string>> UntilCarrier(INodeLog log, CancellationToken stopping)
    {
        using var monitor = new LinkMonitor();
        for (var patience = FirstPatience; ; patience = patience * 2 < LongestPatience ? patience * 2 : LongestPatience)
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            deadline.CancelAfter(patience);
            try
            {
                // The monitor tells what there is first, then each change.
                await foreach (var _ in monitor.ReadAllAsync(deadline.Token))
                {
                    if (WithCarrier() is { Count: > 0 } ready) return ready;
                }
            }
            catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
            {
                log.Retry(BootStage.Network, $"{Missing()} Waiting for it.");
            }
        }
    }

    /// <summary>The interface's own hardware address.</summary>
    /// <exception cref="IOException">It was unplugged.</exception>
    public static MacAddress MacOf(string name) => MacAddress.Parse(File.ReadAllText($"/sys/class/net/{name}/address").Trim());

    /// <summary>Gives the interface another hardware address. It is down for a moment, with all its routes: most drivers want it so.</summary>
    /// <exception cref="ErrnoException">The driver refuses, or it was unplugged.</exception>
    public static void SetMac(string name, MacAddress mac)
    {
        Span<byte> bytes = stackalloc byte[MacAddress.Length];
        mac.CopyTo(bytes);
        using var kernel = new Rtnetlink();
        kernel.LinkDown(name);
        kernel.SetMacAddress(name, bytes);
        kernel.LinkUp(name);
    }

    /// <summary>Brings every wired interface up that there is now.</summary>
    /// <returns>Those with a carrier, in the order of their names.</returns>
    public static IReadOnlyList<string> WithCarrier()
    {
        using var kernel = new Rtnetlink();
        var wired = Wired(kernel);
        foreach (var name in wired)
        {
            try
            {
                kernel.LinkUp(name);
            }
            catch (ErrnoException)
            {
                // Unplugged between the look and the switch, or broken: one bad adapter must not cost the good ones.
            }
        }

        return [.. wired.Where(name => kernel.FindLink(name) is { Carrier: true })];
    }

    /// <summary>True while the other end of the cable answers; false also for an interface that is down or gone.</summary>
    public static bool HasCarrier(string name)
    {
        using var kernel = new Rtnetlink();
        return kernel.FindLink(name) is { Carrier: true };
    }

    private static string Missing()
    {
        using var kernel = new Rtnetlink();
        var wired = Wired(kernel);
        return wired.Count == 0
            ? "no wired network interface. Its driver may be missing in the image."
            : $"no carrier on {string.Join(", ", wired)}. Is the cable plugged at both ends?";
    }

    // Ethernet, with a device behind it (no TAP, no bridge), and no radio.
    private static List<string> Wired(Rtnetlink kernel) =>
    [
        .. kernel.GetLinks().Where(link => link.HardwareType == ARPHRD_ETHER).Select(link => link.Name)
            .Where(name => Directory.Exists($"/sys/class/net/{name}/device") && !Directory.Exists($"/sys/class/net/{name}/phy80211"))
            .Order(StringComparer.Ordinal),
    ];
}

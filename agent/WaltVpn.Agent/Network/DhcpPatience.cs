namespace WaltVpn.Agent.Network;

/// <summary>How long a question to a DHCP server waits for its answer.</summary>
internal static class DhcpPatience
{
    // WalT's, for the platform's network: a server that starts together with its nodes is asked ever more rarely.
    private static readonly int[] s_growing = [2, 3, 4, 6, 9, 16, 25, 36, 64, 100];

    /// <summary>Options of udhcpc for the platform's network: one question, and an end when it stays without answer.</summary>
    /// <param name="unanswered">Questions in a row without answer before this one, 0...</param>
    public static string[] Growing(int unanswered) => ["-t", "1", "-T", $"{Seconds(unanswered)}", "-n"];

    /// <summary>Options of udhcpc for the site's network: four questions two seconds apart, then five seconds of silence, for ever.</summary>
    public static string[] Steady(int _) => ["-t", "4", "-T", "2", "-A", "5"];

    /// <summary>2 s..100 s; the last one stays.</summary>
    internal static int Seconds(int unanswered) => s_growing[Math.Clamp(unanswered, 0, s_growing.Length - 1)];
}

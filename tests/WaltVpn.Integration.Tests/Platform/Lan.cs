using System.Globalization;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>Places a client can stand in. A machine inside the platform's own network: namespace <c>lan</c>, 10.77.0.20, a port of walt-net.</summary>
internal static class Lan
{
    public const string Namespace = "lan";
    public const string Address = "10.77.0.20";

    /// <summary>The server's own namespace, under a name that <c>ip netns exec</c> takes.</summary>
    public const string Server = "server";

    /// <summary>Asks the daemon's face for the platform's own network, with WalT's errors as text.</summary>
    /// <param name="path">And query.</param>
    /// <param name="options">Of curl.</param>
    /// <returns>The body.</returns>
    public static Task<string> Curl(string path, params string[] options) => Tool.Succeed("ip", ["netns", "exec", Namespace, .. CurlArguments(path, options)]);

    /// <summary>The same from any place.</summary>
    public static string[] CurlArguments(string path, params string[] options) =>
    [
        "curl", "-sS", "--noproxy", "*", "--max-time", "60", "-H", "Prefer: errors=text-only", .. options, $"http://{RunningPlatform.LanAddress}{path}",
    ];

    public static async Task Make()
    {
        await Tool.Succeed("ip", "netns", "attach", Server, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        await Tool.Succeed("ip", "netns", "add", Namespace);
        await Tool.Succeed("ip", "link", "add", "lan-port", "type", "veth", "peer", "name", "eth0", "netns", Namespace);
        await Tool.Succeed("ip", "link", "set", "lan-port", "master", "walt-net", "up");
        await Tool.Succeed("ip", "-n", Namespace, "address", "add", $"{Address}/24", "dev", "eth0");
        await Tool.Succeed("ip", "-n", Namespace, "link", "set", "eth0", "up");
    }
}

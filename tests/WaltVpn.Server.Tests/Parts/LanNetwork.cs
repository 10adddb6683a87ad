using System.Globalization;

namespace WaltVpn.Server.Tests.Parts;

/// <summary>
/// The platform's own network in the private host: the bridge walt-net, and boards on it, each a network namespace with a MAC and an address.
/// <code>board-1 10.9.0.21, board-2 10.9.0.22, … ── walt-net 10.9.0.1/24 ── waltvpnd</code>
/// </summary>
internal sealed class LanNetwork : IAsyncDisposable
{
    public const string Server = "10.9.0.1";
    private const string Bridge = "walt-net";
    private readonly List<string> _namespaces = [];

    public static async Task<LanNetwork> Make()
    {
        await Shell.Run("ip", ["link", "add", Bridge, "type", "bridge"]);
        await Shell.Run("ip", ["address", "add", $"{Server}/24", "dev", Bridge]);
        await Shell.Run("ip", ["link", "set", Bridge, "up"]);
        return new LanNetwork();
    }

    /// <summary>Plugs a board in.</summary>
    /// <param name="number">1..200: part of its MAC address, and of its address.</param>
    /// <param name="folder">Where its keys will be.</param>
    public async Task<LanBoard> Plug(int number, string folder)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"board-{number}");
        var board = new LanBoard(name, $"d8:3a:dd:00:00:{number:x2}", $"10.9.0.{20 + number}", Path.Combine(folder, name));
        Directory.CreateDirectory(board.Folder);
        await Shell.Run("ip", ["netns", "add", name]);
        _namespaces.Add(name);
        await Shell.Run("ip", ["link", "add", $"port-{number}", "type", "veth", "peer", "name", "eth0", "address", board.Mac, "netns", name]);
        await Shell.Run("ip", ["link", "set", $"port-{number}", "master", Bridge, "up"]);
        await board.Inside("ip", "address", "add", $"{board.Address}/24", "dev", "eth0");
        await board.Inside("ip", "link", "set", "eth0", "up");
        await board.Inside("ip", "link", "set", "lo", "up");
        return board;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in _namespaces) await Shell.Run("ip", ["netns", "delete", name]);
        await Shell.Run("ip", ["link", "delete", Bridge]);
    }
}

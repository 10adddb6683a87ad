using System.Text.Json;

namespace WaltVpn.Tunnel.Tests.Namespaces;

/// <summary>What nft(8) says is in the kernel.</summary>
internal static class NftListing
{
    /// <summary>All pairs of all sets of a bridge table, as "set interface address", sorted.</summary>
    public static async Task<IReadOnlyList<string>> Elements(string table = "waltvpn")
    {
        using var listing = JsonDocument.Parse(await Tools.Run("nft", "--json", "list", "table", "bridge", table));
        return [.. listing.RootElement.GetProperty("nftables").EnumerateArray()
            .Where(item => item.TryGetProperty("set", out var set) && set.TryGetProperty("elem", out _))
            .Select(item => item.GetProperty("set"))
            .SelectMany(set => set.GetProperty("elem").EnumerateArray()
                .Select(pair => $"{set.GetProperty("name")} {string.Join(' ', pair.GetProperty("concat").EnumerateArray())}"))
            .Order(StringComparer.Ordinal)];
    }

    /// <summary>All tables, one per line.</summary>
    public static Task<string> Tables() => Tools.Run("nft", "list", "tables");
}

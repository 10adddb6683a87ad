using System.Net;
using Dapper;
using Microsoft.Data.Sqlite;

namespace WaltVpn.Server.BootFiles;

/// <summary>
/// The addresses that boards of WalT's have in their boot path, <c>walt-vpn/per-ip/&lt;dashed address&gt;</c>. An address is a key into the table,
/// whoever has it now (docs/security.md LEG-1, HTTP-2).
/// </summary>
internal static class PerIpTable
{
    /// <summary>An IPv4 address as it stands in the path: <c>10-77-0-20</c>.</summary>
    public static string Dashed(IPAddress address) => address.ToString().Replace('.', '-');

    /// <summary>A board enrolled from that address. Who did so last has it.</summary>
    public static int Record(SqliteConnection db, IPAddress address, string nodeId, DateTimeOffset now) =>
        db.Execute(
            """
            INSERT INTO per_ip (dashed, node_id, since) VALUES (@dashed, @nodeId, @now)
            ON CONFLICT (dashed) DO UPDATE SET node_id = excluded.node_id, since = excluded.since
            """,
            new { dashed = Dashed(address), nodeId, now = now.ToUnixTimeSeconds() });

    /// <summary>The node's newest address; null when it never enrolled by WalT's protocol, or another has it now.</summary>
    public static string? OfNode(SqliteConnection db, string nodeId) =>
        db.ExecuteScalar<string>("SELECT dashed FROM per_ip WHERE node_id = @nodeId ORDER BY since DESC, rowid DESC LIMIT 1", new { nodeId });

    /// <summary>The id of the node that enrolled from an address last; null when none did.</summary>
    /// <param name="db">A connection.</param>
    /// <param name="dashed">Untrusted.</param>
    public static string? NodeOf(SqliteConnection db, string dashed) =>
        db.ExecuteScalar<string>("SELECT node_id FROM per_ip WHERE dashed = @dashed", new { dashed });
}

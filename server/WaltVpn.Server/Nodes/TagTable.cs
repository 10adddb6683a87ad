using Dapper;
using Microsoft.Data.Sqlite;

namespace WaltVpn.Server.Nodes;

/// <summary>The words that operators put on nodes.</summary>
internal static class TagTable
{
    /// <summary>A node's, in order; empty when it has none.</summary>
    public static IReadOnlyList<string> Of(SqliteConnection db, string nodeId) =>
        db.Query<string>("SELECT tag FROM node_tags WHERE node_id = @nodeId ORDER BY tag", new { nodeId }).ToList();

    /// <summary>Adds one. Zero when the node had it.</summary>
    public static int Add(SqliteConnection db, string nodeId, string tag) =>
        db.Execute("INSERT INTO node_tags (node_id, tag) VALUES (@nodeId, @tag) ON CONFLICT DO NOTHING", new { nodeId, tag });

    /// <summary>Takes one off. Zero when the node had it not.</summary>
    public static int Remove(SqliteConnection db, string nodeId, string tag) =>
        db.Execute("DELETE FROM node_tags WHERE node_id = @nodeId AND tag = @tag", new { nodeId, tag });
}

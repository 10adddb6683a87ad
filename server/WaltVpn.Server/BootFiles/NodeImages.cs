using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;
using WaltVpn.Server.Life;
using WaltVpn.Server.Nodes;

namespace WaltVpn.Server.BootFiles;

/// <summary>Which boot images nodes run, beside what is published for their boards (docs/security.md BOOT-4). What a node tells decides nothing else.</summary>
internal static class NodeImages
{
    /// <summary>
    /// From the question for boot.sig to the start of the kernel in boot.img: a card gives up after ten minutes, and a start of its kernel takes some more.
    /// Who starts so shortly after a publication may have asked before it.
    /// </summary>
    public static readonly TimeSpan LongestFetch = TimeSpan.FromMinutes(15);

    /// <summary>What a node runs, as it told last; null: nothing is known, or it runs what its card itself holds.</summary>
    public static NodeImageView? Of(SqliteConnection db, NodeRow node)
    {
        if (NodeBootTable.Newest(db, node.Id) is not { Image: { } image, StartedAt: { } at }) return null;
        var started = DateTimeOffset.FromUnixTimeMilliseconds(at);
        var newest = Newest(db, node);
        return new NodeImageView
        {
            Epoch = image.Epoch,
            Built = DateTimeOffset.FromUnixTimeSeconds(image.Built),
            Sha256 = image.Sha256,
            Started = started,
            Standing = newest is null ? ImageStanding.Unknown : Judge(image, started, newest),
            NewestSha256 = newest?.Sha256,
            NewestEpoch = newest?.Epoch,
            NewestPublished = newest is null ? null : DateTimeOffset.FromUnixTimeSeconds(newest.Published),
        };
    }

    /// <summary>What a node's board gets now; null when nothing is published for it.</summary>
    public static NewestImage? Newest(SqliteConnection db, NodeRow node) =>
        Protocol.BootFiles.BoardOf(node.ClaimModel) is { } board ? BootTable.Current(db, board)?.Newest : null;

    /// <summary>Nodes that may connect and stay behind, by name.</summary>
    public static IReadOnlyList<(string Name, NodeImageView Image)> Behind(SqliteConnection db) =>
    [
        .. NodeTable.All(db, forgotten: false).Where(node => node.IsAccepted).Select(node => (node.DisplayName, Image: Of(db, node)!))
            .Where(node => node.Image is { Standing: ImageStanding.Behind }).OrderBy(node => node.DisplayName, StringComparer.Ordinal),
    ];

    /// <summary>Decides; no input, no output. A node that has not started since is no cause for alarm.</summary>
    /// <param name="image">What it runs.</param>
    /// <param name="started">When its kernel started with it.</param>
    /// <param name="newest">What its board gets.</param>
    internal static ImageStanding Judge(RunningImage image, DateTimeOffset started, NewestImage newest) => image.Against(newest) switch
    {
        ImageAge.Current => ImageStanding.Current,
        ImageAge.Superseded when started > DateTimeOffset.FromUnixTimeSeconds(newest.Published) + LongestFetch => ImageStanding.Behind,
        ImageAge.Superseded => ImageStanding.Older,
        ImageAge.Ahead => ImageStanding.Ahead,
        ImageAge.Unknown => ImageStanding.Unknown,
    };
}

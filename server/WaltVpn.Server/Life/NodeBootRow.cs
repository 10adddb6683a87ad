using System.Text.Json;
using WaltVpn.Protocol;

namespace WaltVpn.Server.Life;

/// <summary>A line of the table node_boots.</summary>
internal sealed record NodeBootRow(
    long Id, string Boot, long? StartedAt, long HeardAt, string Stages, long? ImageEpoch, long? ImageBuilt, string? ImageSha256)
{
    /// <summary>The boot image that it was started from; null: it told of none.</summary>
    public RunningImage? Image => ImageEpoch is { } epoch && ImageBuilt is { } built ? new() { Epoch = epoch, Built = built, Sha256 = ImageSha256 } : null;

    /// <summary>What an operator sees of it.</summary>
    public NodeBootView View => new()
    {
        Boot = Boot,
        Started = StartedAt is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null,
        Heard = DateTimeOffset.FromUnixTimeSeconds(HeardAt),
        Stages = JsonSerializer.Deserialize(Stages, ProtocolJson.Default.IReadOnlyListStageReport) ?? [],
    };
}

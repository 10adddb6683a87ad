using WaltVpn.Protocol;

namespace WaltVpn.Cli.Doctor;

/// <summary>Which boot image a node runs, beside what is published for its board (docs/security.md BOOT-4).</summary>
internal static class ImageCheck
{
    /// <param name="node">As the server sees it; of one that told of no image nothing is said.</param>
    public static IEnumerable<HealthCheck> Of(NodeView node)
    {
        if (node.BootImage is not { } image) yield break;
        yield return image.Standing == ImageStanding.Behind
            ? new HealthCheck(
                "boot image",
                false,
                Describe(image),
                $"what does its HTTP entrypoint serve? Compare the first line of http://ENTRYPOINT{Routes.Boot}/{node.Id}/boot.sig with 'waltvpn boot list'. "
                + "Another hash: a cache, a copy or somebody in between keeps nodes at an old image. The same: perhaps the newest one did not come in, "
                + $"'waltvpn node log {node.Name}' says so. Then: waltvpn node reboot {node.Name}")
            : new HealthCheck("boot image", true, Describe(image));
    }

    /// <summary>In a few words, for a table.</summary>
    public static string Short(NodeImageView? image) => image switch
    {
        null => "-",
        { Standing: ImageStanding.Current or ImageStanding.Unknown } => $"epoch {image.Epoch}",
        { Standing: ImageStanding.Older } => $"epoch {image.Epoch}, older",
        { Standing: ImageStanding.Behind } => $"epoch {image.Epoch}, behind",
        { Standing: ImageStanding.Ahead } => $"epoch {image.Epoch}, ahead",
        _ => throw new InvalidOperationException($"internal error: {image.Standing}"),
    };

    /// <summary>What it is and what that means.</summary>
    public static string Describe(NodeImageView image)
    {
        var own = new RunningImage { Epoch = image.Epoch, Built = image.Built.ToUnixTimeSeconds(), Sha256 = image.Sha256 }.Name;
        if (image.NewestSha256 is not { } hash) return $"{own}; none is published for its board";
        var newest = $"{hash[..16]}, {(image.NewestEpoch is { } epoch ? $"epoch {epoch}" : "without manifest")}";
        var published = $"the newest, {newest}, was published at {image.NewestPublished:u}";
        return image.Standing switch
        {
            ImageStanding.Current => $"{own}: the one that is published",
            ImageStanding.Older => $"{own}: older; {published}, after or while it started at {image.Started:u}. Its next start brings it",
            ImageStanding.Behind => $"{own}: behind although it started later, at {image.Started:u}; {published}",
            ImageStanding.Ahead => $"{own}: ahead; {published}, and the node refuses a lower epoch than one it came in with",
            ImageStanding.Unknown => $"{own}; what is published ({newest}) cannot be compared with it",
        };
    }
}

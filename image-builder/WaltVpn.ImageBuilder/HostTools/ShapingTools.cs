namespace WaltVpn.ImageBuilder.HostTools;

/// <summary>The host tools whose version can change the bytes of an image from the same packages. Tools that only unpack are not among them.</summary>
internal static class ShapingTools
{
    private static readonly HostTool[] _tools =
    [
        HostTool.Depmod, HostTool.Dtc, HostTool.Gzip, HostTool.Mcopy, HostTool.Mke2fs, HostTool.MkfsVfat, HostTool.Sfdisk, HostTool.Syslinux,
        HostTool.SyslinuxMbr, HostTool.Zstd,
    ];

    /// <summary>Reads from dpkg's database which versions this machine has, sorted by name; tools that are not installed as packages are left out.</summary>
    /// <param name="toolbox">Has dpkg-query.</param>
    public static async Task<IReadOnlyList<ToolVersion>> ReadVersionsAsync(HostToolbox toolbox, CancellationToken cancellation)
    {
        var installed = await toolbox.RunAsync(HostTool.DpkgQuery, ["--show", "--showformat", "${db:Status-Status} ${Package} ${Version}\n"], cancellation);
        var wanted = _tools.Select(tool => tool.Package).ToHashSet(StringComparer.Ordinal);
        return installed.Text.Split('\n').Select(line => line.Split(' ')).Where(words => words is ["installed", var package, _] && wanted.Contains(package))
            .Select(words => new ToolVersion(words[1], words[2])).DistinctBy(tool => tool.Package)
                .OrderBy(tool => tool.Package, StringComparer.Ordinal).ToList();
    }

    /// <summary>Compares versions of two machines; a tool that only one of them names is not compared.</summary>
    /// <returns>One text per difference, like <c>mtools 4.0.33-1 (recorded 4.0.32-1)</c>.</returns>
    public static IReadOnlyList<string> Differences(IReadOnlyList<ToolVersion> recorded, IReadOnlyList<ToolVersion> present) =>
        present.Join(recorded, tool => tool.Package, tool => tool.Package, (here, there) => (here, there)).Where(pair => pair.here != pair.there)
            .Select(pair => $"{pair.here.Package} {pair.here.Version} (recorded {pair.there.Version})").ToList();
}

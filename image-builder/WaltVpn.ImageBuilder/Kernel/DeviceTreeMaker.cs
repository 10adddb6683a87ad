using WaltVpn.ImageBuilder.Boards;
using WaltVpn.ImageBuilder.HostTools;

namespace WaltVpn.ImageBuilder.Kernel;

/// <summary>Makes a board's device trees: Debian's, with the board's additions merged in, and its overlays.</summary>
/// <remarks>Merged now and not by the firmware, of which nobody knows whether it fills nodes that came from an overlay.</remarks>
internal sealed class DeviceTreeMaker(HostToolbox tools)
{
    /// <summary>Where the firmware looks for overlays.</summary>
    private const string OverlayFolder = "overlays";

    /// <summary>Makes them.</summary>
    /// <param name="kernel">Has the trees of Debian's kernel packages.</param>
    /// <param name="folder">Exists and is nobody else's; the intermediate files are left in it.</param>
    /// <returns>Files by their path on the boot partition.</returns>
    /// <exception cref="ImageException">The kernel has no such tree, or an addition does not fit it.</exception>
    public async Task<IReadOnlyList<KeyValuePair<string, byte[]>>> MakeAsync(
        KernelTree kernel, PiFirmware firmware, string folder, CancellationToken cancellation)
    {
        var made = new List<KeyValuePair<string, byte[]>>();
        foreach (var tree in firmware.DeviceTrees)
        {
            var path = Path.Combine(kernel.DeviceTreeFolder, tree.Name);
            if (!File.Exists(path)) throw new ImageException($"kernel {kernel.Release} has no device tree {tree.Name}");
            if (tree.Addition is not null) path = await MergeAsync(path, tree, folder, cancellation);
            made.Add(new(tree.Name, await File.ReadAllBytesAsync(path, cancellation)));
        }

        foreach (var overlay in firmware.Overlays)
        {
            var compiled = await CompileAsync(overlay.Source, Path.Combine(folder, $"{overlay.Name}.dtbo"), cancellation);
            made.Add(new($"{OverlayFolder}/{overlay.Name}.dtbo", await File.ReadAllBytesAsync(compiled, cancellation)));
        }

        return made;
    }

    private async Task<string> MergeAsync(string path, DeviceTree tree, string folder, CancellationToken cancellation)
    {
        var addition = await CompileAsync(tree.Addition!, Path.Combine(folder, $"{tree.Name}.addition"), cancellation);
        var merged = Path.Combine(folder, tree.Name);
        await tools.RunAsync(HostTool.FdtOverlay, ["-i", path, "-o", merged, addition], cancellation);
        return merged;
    }

    // -@: labels stay names, which are looked up in the tree it is applied to. -q: an overlay alone lacks what the compiler would like to check.
    private async Task<string> CompileAsync(string source, string output, CancellationToken cancellation)
    {
        await tools.RunAsync(HostTool.Dtc, ["-q", "-@", "-I", "dts", "-O", "dtb", "-o", output, "-"], cancellation, input: source);
        return output;
    }
}

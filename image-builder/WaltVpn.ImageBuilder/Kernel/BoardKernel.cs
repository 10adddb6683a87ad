using WaltVpn.ImageBuilder.Boards;
using WaltVpn.ImageBuilder.HostTools;
using WaltVpn.ImageBuilder.Packages;

namespace WaltVpn.ImageBuilder.Kernel;

/// <summary>Makes a board's kernel from packages: seconds, most of them for unpacking thousands of modules to find out which ones are needed.</summary>
internal sealed class BoardKernel(HostToolbox tools, Board board)
{
    /// <summary>Unpacks and selects.</summary>
    /// <param name="folder">Exists, is empty, and is nobody else's; the intermediate files are left in it.</param>
    /// <exception cref="ImageException">The packages hold no kernel, or more than one, or it lacks a module or device tree of the board.</exception>
    public async Task<KernelFiles> MakeAsync(FetchedPackages packages, string folder, CancellationToken cancellation)
    {
        var (all, chosen) = (Path.Combine(folder, "all"), Path.Combine(folder, "chosen"));
        Directory.CreateDirectory(all);
        var tree = await new KernelUnpacker(new PackageReader(tools)).UnpackAsync(packages, all, cancellation);
        var modules = new List<KeyValuePair<string, byte[]>>();
        foreach (var path in await new ModuleSelection(tools).SelectAsync(tree, board, chosen, cancellation))
        {
            modules.Add(KeyValuePair.Create(path, await File.ReadAllBytesAsync(Path.Combine(chosen, path), cancellation)));
        }

        var newest = DateTimeOffset.FromUnixTimeSeconds(tree.Newest.ToUnixTimeSeconds());
        var image = await new KernelImage(tools).ReadAsync(tree.ImagePath, board.BootLoader, cancellation);
        var trees = board.BootLoader is PiFirmware firmware ? await new DeviceTreeMaker(tools).MakeAsync(tree, firmware, folder, cancellation) : [];
        return new KernelFiles(tree.Release, newest, image, modules, trees);
    }
}

using WaltVpn.ImageBuilder.Boards;
using WaltVpn.ImageBuilder.HostTools;

namespace WaltVpn.ImageBuilder.Kernel;

/// <summary>Cuts a kernel's modules down to those of a board, as files that busybox's modprobe can load.</summary>
internal sealed class ModuleSelection(HostToolbox tools)
{
    /// <summary>What busybox's modprobe reads. The binary indexes of kmod would only take room.</summary>
    private static readonly string[] _indexes = ["modules.dep", "modules.alias", "modules.symbols", "modules.softdep", "modules.builtin"];

    /// <summary>Selects into a new folder.</summary>
    /// <param name="folder">Is made; gets <c>lib/modules/RELEASE</c>.</param>
    /// <returns>The chosen module files and indexes, paths relative to <paramref name="folder"/>.</returns>
    /// <exception cref="ImageException">The kernel lacks a module of the board.</exception>
    public async Task<IReadOnlyList<string>> SelectAsync(KernelTree kernel, Board board, string folder, CancellationToken cancellation)
    {
        var modules = Path.Combine("lib", "modules", kernel.Release);
        var (source, target) = (Path.Combine(kernel.Root, modules), Path.Combine(folder, modules));
        await tools.RunAsync(HostTool.Depmod, ["-b", kernel.Root, kernel.Release], cancellation);
        var chosen = ModuleIndex.Read(source).Closure(board.KernelModules);
        foreach (var path in chosen.Append("modules.builtin").Append("modules.order"))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(target, path))!);
            File.Move(Path.Combine(source, path), Path.Combine(target, path));
        }

        var plain = new List<string>();
        foreach (var path in chosen) plain.Add(await UnpackAsync(target, path, cancellation));
        await tools.RunAsync(HostTool.Depmod, ["-b", folder, kernel.Release], cancellation);
        return plain.Concat(_indexes).Select(path => Path.Combine(modules, path)).ToList();
    }

    /// <summary>Kernels from 6.12 on have compressed modules, which busybox cannot load; the initramfs is compressed as a whole anyway.</summary>
    private async Task<string> UnpackAsync(string folder, string path, CancellationToken cancellation)
    {
        var (tool, suffix) = path switch
        {
            _ when path.EndsWith(".ko", StringComparison.Ordinal) => (null, ""),
            _ when path.EndsWith(".ko.xz", StringComparison.Ordinal) => (HostTool.Xz, ".xz"),
            _ when path.EndsWith(".ko.zst", StringComparison.Ordinal) => (HostTool.Zstd, ".zst"),
            _ => throw new ImageException($"{path}: a module compressed in a way that is not known here"),
        };
        if (tool is null) return path;
        await tools.RunAsync(tool, ["-d", "-q", "-f", Path.Combine(folder, path)], cancellation);
        var plain = path[..^suffix.Length];
        File.Delete(Path.Combine(folder, path));
        return plain;
    }
}

using WaltVpn.ImageBuilder.Boards;
using WaltVpn.ImageBuilder.Fetch;
using WaltVpn.ImageBuilder.HostTools;
using WaltVpn.ImageBuilder.Initramfs;
using WaltVpn.ImageBuilder.Kernel;
using WaltVpn.ImageBuilder.Packages;
using WaltVpn.ImageBuilder.SdImage;
using WaltVpn.Protocol;

namespace WaltVpn.ImageBuilder.BootFiles;

/// <summary>The steps that all images share: packages, kernel, initramfs, and what the board's boot loader wants beside them.</summary>
internal sealed class BootFilesBuild(BuildInputs inputs, HostToolbox tools, Progress progress)
{
    private Board Board => inputs.Board;

    /// <summary>Kernel parameters beside the board's own.</summary>
    public string MoreParameters { get; init; } = "";

    /// <summary>What it calls for a board.</summary>
    public static IReadOnlyList<HostTool> ToolsFor(Board board) =>
    [
        .. ImagePackages.Tools, HostTool.DpkgDeb, HostTool.Depmod, HostTool.Zstd, HostTool.Xz,
        .. board.BootLoader is PiFirmware ? [HostTool.Gzip, HostTool.Dtc, HostTool.FdtOverlay] : Array.Empty<HostTool>(),
    ];

    /// <summary>Makes them, in a new folder of <paramref name="work"/>.</summary>
    /// <param name="agent">The agent's program.</param>
    /// <returns>The files, and the lock of what they were made from.</returns>
    /// <exception cref="ImageException">A foreseen failure.</exception>
    public async Task<(BootFolder Folder, PackageLock Lock)> MakeAsync(byte[] agent, WorkFolder work, CancellationToken cancellation)
    {
        var recorded = inputs.Locked ? PackageLock.Read(inputs.Lock) : null;
        var wanted = new PackageRequest(Board, inputs.Cache, inputs.Mirror, inputs.TestRuntime);
        var (packages, present) = await new ImagePackages(tools, wanted, progress).FetchAsync(recorded, cancellation);
        var kernel = await GetKernelAsync(packages, present, work, cancellation);
        return (await WriteFilesAsync(packages, present, kernel, agent, work.CreateFolder("boot"), cancellation), present);
    }

    /// <summary>Takes the kernel of an earlier build, or makes and keeps it.</summary>
    private async Task<KernelFiles> GetKernelAsync(FetchedPackages packages, PackageLock origin, WorkFolder work, CancellationToken cancellation)
    {
        var (files, _) = await progress.StepAsync(
            "kernel",
            Get,
            found => ($"{found.Files.Release}, {found.Files.ModuleCount} modules{(found.Kept ? ", of an earlier build" : "")}", found.Files.Bytes));
        return files;

        async Task<(KernelFiles Files, bool Kept)> Get()
        {
            using var folder = await CacheFolder.EnterAsync(Path.Combine(inputs.Cache, "kernels"), progress, cancellation);
            var cache = new KernelCache(folder, Board, origin);
            if (await cache.FindAsync(cancellation) is { } kept) return (kept, true);
            var made = await new BoardKernel(tools, Board).MakeAsync(packages, work.CreateFolder("kernel"), cancellation);
            await cache.KeepAsync(made, cancellation);
            return (made, false);
        }
    }

    private async Task<BootFolder> WriteFilesAsync(
        FetchedPackages packages, PackageLock origin, KernelFiles kernel, byte[] agent, string folder, CancellationToken cancellation)
    {
        var tree = new PackageTree();
        var initramfs = Path.Combine(folder, BootFolder.InitramfsName);
        var (modified, _, _) = await progress.StepAsync(
            "initramfs", Write, made => ($"{made.Files} files, {made.Plain / 1e6:0.0} MB before compression", new FileInfo(initramfs).Length));

        var loader = LoaderFiles.Of(Board, $"{Board.KernelCommandLine} {MoreParameters}".TrimEnd(), kernel, tree);
        foreach (var (name, content) in loader.Append(new(Board.BootLoader.KernelName, kernel.Image)))
        {
            var path = Path.Combine(folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllBytesAsync(path, content, cancellation);
        }

        return new BootFolder(folder, [.. loader.Select(file => file.Key), Board.BootLoader.KernelName, BootFolder.InitramfsName], modified);

        async Task<(DateTimeOffset Modified, int Files, long Plain)> Write()
        {
            var reader = new PackageReader(tools);
            foreach (var (package, path) in packages.Files)
            {
                if (!KernelUnpacker.IsKernel(package)) await tree.AddAsync(reader, path, cancellation);
            }

            var date = ImageDate(kernel.Newest > tree.Newest ? kernel.Newest : tree.Newest);
            var info = new ImageInfo
            {
                Board = Board.Name,
                Version = ProgramVersion.Text,
                BuildTime = date,
                Kernel = kernel.Release,
                TestRuntime = inputs.TestRuntime,
            };
            var content = new InitramfsContent(agent, tree, Board, kernel.Modules, info, (origin with { Tools = [] }).Write());
            var plain = await new InitramfsFile(tools).WriteAsync(initramfs, content.Entries, date, cancellation);
            return (date, content.Entries.Count(entry => entry.Kind == ArchiveEntryKind.File), plain);
        }
    }

    /// <summary>
    /// SOURCE_DATE_EPOCH, or what the packages say: the same packages give the same date on any day. From here on the tools take it for the time of day.
    /// </summary>
    private DateTimeOffset ImageDate(DateTimeOffset newest)
    {
        var date = inputs.SourceDateEpoch is { } seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : newest;
        tools.SourceDateEpoch = date.ToUnixTimeSeconds();
        return DateTimeOffset.FromUnixTimeSeconds(date.ToUnixTimeSeconds());
    }
}

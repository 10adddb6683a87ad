using WaltVpn.ImageBuilder.Fetch;
using WaltVpn.ImageBuilder.HostTools;
using WaltVpn.ImageBuilder.Initramfs;
using WaltVpn.ImageBuilder.Kernel;
using WaltVpn.ImageBuilder.Packages;
using WaltVpn.ImageBuilder.Settings;
using WaltVpn.Protocol;

namespace WaltVpn.ImageBuilder.SdImage;

/// <summary>Makes an SD image, step by step: packages, kernel, initramfs, then the disk. What is asked for is checked before anything is done.</summary>
internal sealed class SdImageBuild
{
    private readonly SdImageRequest _request;
    private readonly HostToolbox _tools;
    private readonly Progress _progress;

    private SdImageBuild(SdImageRequest request, HostToolbox tools, Progress progress) => (_request, _tools, _progress) = (request, tools, progress);

    /// <summary>Makes the image, or leaves nothing behind.</summary>
    /// <exception cref="ImageException">A foreseen failure.</exception>
    /// <exception cref="IOException">A file could not be read or written.</exception>
    public static Task RunAsync(SdImageRequest request, Progress progress, CancellationToken cancellation)
    {
        var tools = HostToolbox.Find(
            [
                .. ImagePackages.Tools, HostTool.DpkgDeb, HostTool.Depmod, HostTool.Zstd, HostTool.Xz, HostTool.Stat,
                HostTool.Sfdisk, HostTool.MkfsVfat, HostTool.Mcopy, HostTool.Mke2fs, HostTool.Syslinux, HostTool.SyslinuxMbr,
            ]);
        return new SdImageBuild(request, tools, progress).RunAsync(cancellation);
    }

    private async Task RunAsync(CancellationToken cancellation)
    {
        var settings = SettingsFile.Read(_request.Settings);
        var agent = ReadAgent();
        var recorded = _request.Locked ? PackageLock.Read(_request.Lock) : null;
        using var output = await OutputFile.PrepareAsync(_tools, _request.Output, _request.Force, "walt-vpn-node.img", cancellation);
        using var work = new WorkFolder();
        try
        {
            await MakeAsync(settings, agent, recorded, output, work, cancellation);
        }
        catch (Exception error) when (DiskSpace.IsFull(error))
        {
            throw DiskSpace.Full(_request, work.Path, error);
        }
    }

    private async Task MakeAsync(NodeSettings settings, byte[] agent, PackageLock? recorded, OutputFile output, WorkFolder work, CancellationToken cancellation)
    {
        var (packages, present) = await new ImagePackages(_tools, _request.Board, _request.Cache, _progress).FetchAsync(recorded, cancellation);
        var boot = work.CreateFolder("boot");
        var modified = await MakeBootFilesAsync(packages, present, agent, work, boot, cancellation);
        await _progress.StepAsync(
            "disk",
            () => WriteDiskAsync(output, boot, CardSettings.Write(settings), modified, cancellation),
            bytes => ("MBR, FAT32, ext4; size on this disk is smaller", bytes));
        if (!_request.Locked) await present.SaveAsync(_request.Lock, cancellation);
        output.Commit();
    }

    private byte[] ReadAgent()
    {
        using var file = InputFile.Open(_request.Agent, "the agent's program", "that is the agent; build it: scripts/publish", "or name it: --agent PATH");
        var program = new byte[file.Length];
        file.ReadExactly(program);
        return program;
    }

    /// <summary>Takes the kernel of an earlier build, or makes and keeps it.</summary>
    private Task<(KernelFiles Files, bool Kept)> GetKernelAsync(FetchedPackages packages, PackageLock origin, WorkFolder work, CancellationToken cancellation)
    {
        return _progress.StepAsync(
            "kernel",
            Get,
            found => ($"{found.Files.Release}, {found.Files.ModuleCount} modules{(found.Kept ? ", of an earlier build" : "")}", found.Files.Bytes));

        async Task<(KernelFiles Files, bool Kept)> Get()
        {
            using var folder = await CacheFolder.EnterAsync(Path.Combine(_request.Cache, "kernels"), _progress, cancellation);
            var cache = new KernelCache(folder, _request.Board, origin);
            if (await cache.FindAsync(cancellation) is { } kept) return (kept, true);
            var made = await new BoardKernel(_tools, _request.Board).MakeAsync(packages, work.CreateFolder("kernel"), cancellation);
            await cache.KeepAsync(made, cancellation);
            return (made, false);
        }
    }

    /// <summary>Leaves kernel and initramfs in <paramref name="boot"/>.</summary>
    /// <returns>The date of everything in the image.</returns>
    private async Task<DateTimeOffset> MakeBootFilesAsync(
        FetchedPackages packages, PackageLock origin, byte[] agent, WorkFolder work, string boot, CancellationToken cancellation)
    {
        var (kernel, _) = await GetKernelAsync(packages, origin, work, cancellation);
        await File.WriteAllBytesAsync(Path.Combine(boot, BootPartition.KernelName), kernel.Image, cancellation);

        var initramfs = Path.Combine(boot, BootPartition.InitramfsName);
        var (modified, _, _) = await _progress.StepAsync(
            "initramfs", Write, made => ($"{made.Files} files, {made.Plain / 1e6:0.0} MB before compression", new FileInfo(initramfs).Length));
        return modified;

        async Task<(DateTimeOffset Modified, int Files, long Plain)> Write()
        {
            var tree = new PackageTree();
            var reader = new PackageReader(_tools);
            foreach (var (package, path) in packages.Files)
            {
                if (!KernelUnpacker.IsKernel(package)) await tree.AddAsync(reader, path, cancellation);
            }

            var date = ImageDate(kernel.Newest > tree.Newest ? kernel.Newest : tree.Newest);
            var info = new ImageInfo { Board = _request.Board.Name, Version = ProgramVersion.Text, BuildTime = date, Kernel = kernel.Release };
            var content = new InitramfsContent(agent, tree, _request.Board.LibraryFolder, kernel.Modules, info, (origin with { Tools = [] }).Write());
            var plain = await new InitramfsFile(_tools).WriteAsync(initramfs, content.Entries, date, cancellation);
            return (date, content.Entries.Count(entry => entry.Kind == ArchiveEntryKind.File), plain);
        }
    }

    /// <summary>
    /// SOURCE_DATE_EPOCH, or what the packages say: the same packages give the same date on any day. From here on the tools take it for the time of day.
    /// </summary>
    private DateTimeOffset ImageDate(DateTimeOffset newest)
    {
        var date = _request.SourceDateEpoch is { } seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : newest;
        _tools.SourceDateEpoch = date.ToUnixTimeSeconds();
        return DateTimeOffset.FromUnixTimeSeconds(date.ToUnixTimeSeconds());
    }

    private async Task<long> WriteDiskAsync(OutputFile output, string boot, byte[] settings, DateTimeOffset modified, CancellationToken cancellation)
    {
        var layout = DiskLayout.Of(_request.Board);
        var identity = await ImageIdentity.OfAsync(
            [Path.Combine(boot, BootPartition.KernelName), Path.Combine(boot, BootPartition.InitramfsName)], cancellation);
        output.Create(layout.Bytes);
        string[] quietly = ["--quiet", "--no-reread", "--no-tell-kernel", output.PartialPath];
        await _tools.RunAsync(HostTool.Sfdisk, quietly, cancellation, input: layout.ToSfdisk(identity.Disk));
        var partition = new BootPartition(_tools, output.PartialPath, layout, identity);
        await partition.FormatAsync(cancellation);
        await partition.FillAsync(_request.Board, boot, settings, modified, cancellation);
        await new StatePartition(_tools, output.PartialPath, layout, identity).FormatAsync(cancellation);
        return layout.Bytes;
    }
}

using WaltVpn.ImageBuilder.Boards;
using WaltVpn.ImageBuilder.HostTools;
using WaltVpn.ImageBuilder.Packages;

namespace WaltVpn.ImageBuilder.Fetch;

/// <summary>The first step of every image, and all of <c>waltvpn-image fetch</c>: the packages of a board, on this disk and checked.</summary>
internal sealed class ImagePackages(HostToolbox tools, PackageRequest request, Progress progress)
{
    /// <summary>What the runtime of a test agent is linked with.</summary>
    private const string TestRuntimePackage = "libstdc++6";

    /// <summary>Beside the kernel, in every image.</summary>
    private static readonly string[] _everywhere = ["busybox", "kexec-tools", "openssh-client"];

    /// <summary>What it calls.</summary>
    public static IReadOnlyList<HostTool> Tools { get; } = [HostTool.AptGet, HostTool.AptCache, HostTool.DpkgQuery, HostTool.ArchiveKeyring];

    private IReadOnlyList<string> Names =>
    [
        request.Board.KernelPackage, .. _everywhere, .. request.Board.Programs.Concat(request.Board.DataFiles).Select(program => program.Package).Distinct(),
        .. request.Board.BootLoader is PiFirmware ? [PiFirmware.Package] : Array.Empty<string>(),
        .. request.TestRuntime ? [TestRuntimePackage] : Array.Empty<string>(),
    ];

    private string FolderName => request.Board.Suite is { } suite ? $"apt-{request.Board.Architecture}-{suite}" : $"apt-{request.Board.Architecture}";

    /// <summary>Gets the packages, in their current versions or those of a lock file.</summary>
    /// <param name="recorded">The lock file; null for the current versions.</param>
    /// <returns>The packages, and the lock of an image made from them on this machine.</returns>
    /// <exception cref="ImageException">Not all could be had; <see cref="PackageCache"/> has the reasons.</exception>
    public async Task<(FetchedPackages Packages, PackageLock Lock)> FetchAsync(PackageLock? recorded, CancellationToken cancellation)
    {
        var present = await ShapingTools.ReadVersionsAsync(tools, cancellation);
        if (ShapingTools.Differences(recorded?.Tools ?? [], present) is { Count: > 0 } differences)
        {
            progress.Note($"other tools than those of the lock file may give other bytes: {string.Join(", ", differences)}");
        }

        var packages = await progress.StepAsync(
            "packages", Fetch, fetched => ($"{fetched.Files.Count} packages, {fetched.Downloaded} downloaded", fetched.Bytes));
        return (packages, new PackageLock([.. packages.Files.Select(file => file.Package)], present));

        async Task<FetchedPackages> Fetch()
        {
            using var folder = await CacheFolder.EnterAsync(Path.Combine(request.Cache, FolderName), progress, cancellation);
            var sources = request.Board.Suite is { } suite
                ? PackageSources.Write(suite, request.Mirror ?? await PackageSources.MirrorOfThisMachineAsync(tools, cancellation), HostTool.ArchiveKeyring.Name)
                : null;
            var files = new PackageCache(new AptArchive(tools, folder.Path, request.Board.Architecture, sources), progress);
            return recorded is null
                ? await files.FetchCurrentAsync(Names, cancellation)
                : await files.FetchLockedAsync(recorded.Packages, cancellation);
        }
    }
}

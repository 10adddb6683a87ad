using System.CommandLine;
using WaltVpn.ImageBuilder.HostTools;
using WaltVpn.ImageBuilder.Packages;

namespace WaltVpn.ImageBuilder.Fetch;

/// <summary><c>waltvpn-image fetch</c>: downloads now what an image is built from later, perhaps on a machine without network.</summary>
internal static class FetchCommand
{
    /// <summary>For the end of its help.</summary>
    public const string Examples = """
        Examples:
          waltvpn-image fetch --board qemu-x64 --lock node.lock
          waltvpn-image sd --board qemu-x64 --settings node.yaml --output node.img --locked --lock node.lock

        The second command needs no network: the first one left the packages in the cache and their versions in the lock file.
        With --locked, fetch takes the versions of an existing lock file instead, and does not write it.
        """;

    public static Command Create()
    {
        var board = PackageOptions.Board();
        var lockFile = PackageOptions.Lock("the board's name with .lock");
        var locked = PackageOptions.Locked();
        var cache = PackageOptions.Cache();
        var mirror = PackageOptions.Mirror();
        var testRuntime = PackageOptions.TestRuntime();
        var withVirtualMachine = PackageOptions.WithVirtualMachine();
        Command command = new(
            "fetch", "Downloads what an image is made from, and records it in a lock file. Needs no root.")
        {
            board, lockFile, locked, cache, mirror, withVirtualMachine, testRuntime,
        };
        command.SetAction(async (arguments, cancellation) =>
        {
            var chosen = PackageOptions.BoardOf(arguments, board, withVirtualMachine);
            var path = arguments.GetValue(lockFile) ?? $"{chosen.Name}.lock";
            var recorded = arguments.GetValue(locked) ? PackageLock.Read(path) : null;
            var folder = Path.GetDirectoryName(Path.GetFullPath(path));
            if (!Directory.Exists(folder)) throw new ImageException($"there is no folder {folder}", $"make it: mkdir -p {folder}");

            var progress = new Progress(arguments.InvocationConfiguration.Output);
            var kept = arguments.GetValue(cache) ?? PackageOptions.DefaultCache();
            var request = new PackageRequest(chosen, kept, PackageSources.Check(arguments.GetValue(mirror)), arguments.GetValue(testRuntime));
            var packages = new ImagePackages(HostToolbox.Find(ImagePackages.Tools), request, progress);
            var (_, present) = await packages.FetchAsync(recorded, cancellation);
            if (recorded is null) await present.SaveAsync(path, cancellation);
            return ExitStatus.Done;
        });
        return command;
    }
}

using WaltVpn.Agent.Flash;

namespace WaltVpn.Agent.Reconcile;

/// <summary>Which store the command line names: a file, or what this board has.</summary>
internal static class StoreOption
{
    /// <summary>Opens it.</summary>
    /// <param name="options">The command line.</param>
    /// <param name="root"><c>/</c>, or a folder laid out like it.</param>
    /// <param name="log">What happens to the chip.</param>
    /// <param name="stopping">Ends the search for a chip.</param>
    /// <exception cref="FlashException">This program cannot write there.</exception>
    public static async Task<IBootloaderStore> Open(ReconcileOptions options, string root, INodeLog log, CancellationToken stopping)
    {
        if (options.Image is { } path) return new ImageFileStore(path);
        var rules = BootloaderRules.OfBoard(Path.Combine(root, "sys/firmware/devicetree/base"));
        // One that is named has the speed in its name, too.
        var programmer = options.Programmer is { } name ? new FlashProgrammer(name, name) : FlashProgrammer.Of(rules.Family);
        var flashrom = new FlashromCommands(
            new FlashromProcess(FlashromProcess.Program, TimeProvider.System), programmer, Path.Combine(root, FlashromCommands.DefaultFolder.TrimStart('/')));
        return await BootloaderStores.For(rules, flashrom, Medium(options, root), log, stopping);
    }

    private static BootMedium? Medium(ReconcileOptions options, string root)
    {
        if (options is not { BootPartition: { } folder, RecoveryProgram: { } recovery }) return null;
        // proc_pid_mounts(5): device, mount point; of several mounts on one folder the last is seen.
        var mount = File.ReadLines(Path.Combine(root, "proc/self/mounts")).Select(line => line.Split(' ')).LastOrDefault(fields => fields[1] == folder);
        return new BootMedium(folder, mount?[0] ?? $"no mount point ({folder})", recovery);
    }
}

using WaltVpn.Agent.Flash;

namespace WaltVpn.Agent.Reconcile;

/// <summary>Which store the command line names.</summary>
internal static class StoreOption
{
    /// <summary>Opens it.</summary>
    /// <exception cref="FlashException">This program cannot write there.</exception>
    public static IBootloaderStore Open(ReconcileOptions options)
    {
        if (options.Image is { } path) return new ImageFileStore(path);
        // The board's own chip and boot partition are opened here, with what Flash/ offers and options.Programmer names.
        throw new FlashException(
            $"{(options.Programmer is { } programmer ? $"--programmer {programmer}" : "the board's flash chip")}: this version cannot write it yet; "
            + "work on a file with --image FILE");
    }
}

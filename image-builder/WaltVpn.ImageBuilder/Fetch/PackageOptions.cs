using System.CommandLine;
using WaltVpn.ImageBuilder.Boards;

namespace WaltVpn.ImageBuilder.Fetch;

/// <summary>The options that say which packages, the same for every command that gets some.</summary>
internal static class PackageOptions
{
    public static Option<string> Board() =>
        new("--board")
        {
            Required = true,
            HelpName = "NAME",
            Description = string.Join("; ", BoardCatalog.All.Select(known => $"{known.Name}: {known.Description}")),
        };

    /// <param name="fallback">What stands for it when it is not given, in words.</param>
    public static Option<string?> Lock(string fallback) => new("--lock") { HelpName = "FILE", Description = $"the lock file; default: {fallback}" };

    public static Option<bool> Locked() =>
        new("--locked") { Description = "take the package versions of the lock file; exit status 3 when the archive lost one" };

    public static Option<string?> Cache() =>
        new("--cache") { HelpName = "FOLDER", Description = "keeps downloads; default: waltvpn in XDG_CACHE_HOME or ~/.cache" };

    public static Option<string?> Mirror() =>
        new("--mirror") { HelpName = "URL", Description = "Debian's archive, for the Raspberry Pi boards; default: the one of this machine's apt" };

    public static Option<bool> WithVirtualMachine() =>
        new("--with-vm") { Description = "with QEMU, for nodes whose settings say mode: vm" };

    public static Option<bool> TestRuntime() =>
        new("--test-runtime") { Description = "for tests only: the agent brings a just-in-time compiler; the image says so" };

    /// <summary>The board that was asked for, with a virtual machine where that was.</summary>
    /// <exception cref="ImageException">There is no such board.</exception>
    public static Board BoardOf(ParseResult arguments, Option<string> name, Option<bool> withVirtualMachine)
    {
        var board = BoardCatalog.Find(arguments.GetRequiredValue(name));
        return arguments.GetValue(withVirtualMachine) ? VirtualMachines.With(board) : board;
    }

    /// <summary>XDG Base Directory Specification; a relative XDG_CACHE_HOME is to be ignored.</summary>
    public static string DefaultCache()
    {
        var folder = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (!Path.IsPathFullyQualified(folder ?? "")) folder = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return Path.Combine(folder!, "waltvpn");
    }
}

using System.Globalization;

namespace WaltVpn.Agent.HandOff;

/// <summary>What the kernel command line says of the root, in the kernel's own words (Documentation/admin-guide/nfs/nfsroot.rst), as WalT uses them.</summary>
internal sealed record KernelCommandLine
{
    private const string FilePath = "/proc/cmdline";
    private static readonly TimeSpan LongestDelay = TimeSpan.FromHours(1);

    /// <summary><c>root=</c>; null: not given.</summary>
    public string? Root { get; private init; }

    /// <summary><c>nfsroot=</c>; null: not given.</summary>
    public string? NfsRoot { get; private init; }

    /// <summary><c>init=</c>, an absolute path.</summary>
    public string Init { get; private init; } = "/sbin/init";

    /// <summary><c>ro</c>, unless a later <c>rw</c>. Without either the root is writable: nothing has to check an NFS file system first.</summary>
    public bool ReadOnly { get; private init; }

    /// <summary><c>rootdelay=</c>, 1 s..1 h: how long the root is asked for every second. WalT's default.</summary>
    public TimeSpan RootDelay { get; private init; } = TimeSpan.FromSeconds(180);

    /// <summary>The running kernel's.</summary>
    public static KernelCommandLine Read() => Parse(File.ReadAllText(FilePath));

    /// <summary>Reads the words; of one that stands there twice the last counts, as for the kernel. What is not understood is somebody else's.</summary>
    internal static KernelCommandLine Parse(string text)
    {
        var line = new KernelCommandLine();
        foreach (var word in text.Split([' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            var (name, value) = equals < 0 ? (word, "") : (word[..equals], word[(equals + 1)..].Trim('"'));
            line = name switch
            {
                "root" when value.Length > 0 => line with { Root = value },
                "nfsroot" when value.Length > 0 => line with { NfsRoot = value },
                "init" when value.StartsWith('/') => line with { Init = value },
                "ro" when equals < 0 => line with { ReadOnly = true },
                "rw" when equals < 0 => line with { ReadOnly = false },
                "rootdelay" when Delay(value) is { } delay => line with { RootDelay = delay },
                _ => line,
            };
        }

        return line;
    }

    private static TimeSpan? Delay(string seconds) =>
        int.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= LongestDelay.TotalSeconds
            ? TimeSpan.FromSeconds(number)
            : null;
}

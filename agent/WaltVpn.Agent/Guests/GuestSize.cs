using System.Globalization;

namespace WaltVpn.Agent.Guests;

/// <summary>Memory and processors of the virtual machine.</summary>
/// <param name="Memory">MiB.</param>
/// <param name="Cores">Processors.</param>
/// <param name="Remark">What the settings ask for and the board cannot give; null: nothing.</param>
internal sealed record GuestSize(int Memory, int Cores, string? Remark)
{
    /// <summary>Of the board's own system, MiB: the agent, ssh, QEMU beside its guest's memory, and the guest's image while it is fetched.</summary>
    public const int OwnMemory = 288;

    /// <summary>MiB that a guest gets in any case; whether that is enough shows when it starts.</summary>
    private const int LeastMemory = 96;

    /// <summary>Decides. No input, no output.</summary>
    /// <param name="wish">The settings.</param>
    /// <param name="boardMemory">MiB of the board.</param>
    /// <param name="boardCores">Of the board.</param>
    public static GuestSize Of(GuestWish wish, int boardMemory, int boardCores)
    {
        var most = Math.Max(LeastMemory, boardMemory - Math.Max(OwnMemory, boardMemory / 8));
        var memory = Math.Min(wish.Memory ?? most, most);
        var cores = Math.Min(wish.Cores ?? boardCores, boardCores);
        List<string> less =
        [
            .. wish.Memory > memory ? [$"{memory} MiB of memory instead of {wish.Memory}"] : Array.Empty<string>(),
            .. wish.Cores > cores ? [$"{cores} processors instead of {wish.Cores}"] : Array.Empty<string>(),
        ];
        return new GuestSize(memory, cores, less.Count > 0 ? $"this board can give its virtual machine only {string.Join(" and ", less)}" : null);
    }

    /// <summary>MiB in <c>/proc/meminfo</c>, proc(5): <c>MemTotal:        497284 kB</c>.</summary>
    /// <exception cref="FormatException">It is not of that form.</exception>
    public static int MemoryIn(string meminfo)
    {
        const string Label = "MemTotal:";
        var line = meminfo.Split('\n').FirstOrDefault(line => line.StartsWith(Label, StringComparison.Ordinal))
            ?? throw new FormatException("/proc/meminfo has no MemTotal");
        return (int)(long.Parse(line[Label.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) / 1024);
    }
}

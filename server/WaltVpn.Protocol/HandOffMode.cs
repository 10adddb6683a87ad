using System.Globalization;

namespace WaltVpn.Protocol;

/// <summary>Where the operating system of the platform runs, and what the settings of a virtual machine may be (docs/handoff.md).</summary>
public static class HandOffMode
{
    /// <summary>On the board itself, its root mounted through the tunnel.</summary>
    public const string Direct = "direct";

    /// <summary>In a virtual machine on the board.</summary>
    public const string VirtualMachine = "vm";

    /// <summary>MiB of a virtual machine's memory at least and at most.</summary>
    public const int LeastMemory = 64, MostMemory = 1 << 20;

    /// <summary>Processors of a virtual machine at most.</summary>
    public const int MostCores = 64;

    /// <summary>Is it one of the two words?</summary>
    public static bool IsMode(string text) => text is Direct or VirtualMachine;

    /// <summary>Reads <see cref="NodeSettings.GuestMemory"/>, in MiB; null: it is no such number.</summary>
    public static int? Memory(string text) => Number(text, LeastMemory, MostMemory);

    /// <summary>Reads <see cref="NodeSettings.GuestCores"/>; null: it is no such number.</summary>
    public static int? Cores(string text) => Number(text, 1, MostCores);

    private static int? Number(string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number : null;
}

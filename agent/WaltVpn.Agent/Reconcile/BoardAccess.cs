using WaltVpn.Agent.Flash;
using WaltVpn.Agent.Startup;
using WaltVpn.Eeprom;

namespace WaltVpn.Agent.Reconcile;

/// <summary>The ways from a node process to its board's EEPROM: the edge of the machine.</summary>
/// <param name="Root"><c>/</c>, or a folder laid out like it.</param>
/// <param name="Flashrom">The program.</param>
/// <param name="Programmer">How it reaches the chip of a family.</param>
/// <param name="MountCard">The boot partition, writable; null: no card of ours.</param>
/// <param name="MountState">The state partition of a card that the board did not start from; null: there is none.</param>
internal sealed record BoardAccess(
    string Root, IFlashrom Flashrom, Func<EepromFamily, FlashProgrammer> Programmer, Func<BootCard?> MountCard, Func<StatePartition?> MountState)
{
    /// <summary>Of this machine.</summary>
    public static BoardAccess OfThisBoard { get; } = new(
        "/", new FlashromProcess(FlashromProcess.Program, TimeProvider.System), FlashProgrammer.Of, BootCard.Mount, StatePartition.TryMount);

    /// <summary>The kernel's id of this boot.</summary>
    public string BootId => File.ReadAllText(Path.Combine(Root, "proc/sys/kernel/random/boot_id")).Trim();

    /// <summary>What the board may get.</summary>
    /// <exception cref="FlashException">It is no Raspberry Pi 4 or 5.</exception>
    public BootloaderRules Rules => BootloaderRules.OfBoard(Path.Combine(Root, "sys/firmware/devicetree/base"));

    /// <summary>flashrom, with its files in memory.</summary>
    public FlashromCommands Commands(EepromFamily family) =>
        new(Flashrom, Programmer(family), Path.Combine(Root, FlashromCommands.DefaultFolder.TrimStart('/')));
}

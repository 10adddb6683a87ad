using WaltVpn.Agent.Flash;
using WaltVpn.Eeprom;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Reconcile;

/// <summary>A board's EEPROM that follows its server: the comparison, and the one write with its way back. What the boot and the command share.</summary>
/// <param name="live">What the board started with; null: not known.</param>
/// <param name="image">What its chip holds.</param>
/// <param name="store">Where a new one goes.</param>
/// <param name="journal">Keeps the way back; null: nothing is kept.</param>
/// <param name="log">What failed and is tried again.</param>
internal sealed class FollowedEeprom(
    BootConfig? live, EepromImage image, IBootloaderStore store, ChangeJournal? journal, BootStage stage, INodeLog log, TimeProvider time)
{
    private static readonly TimeSpan _beforeNextTry = TimeSpan.FromMinutes(1);

    /// <summary>In the chip.</summary>
    public BootConfig Config { get; } = BootConfig.Parse(image.Read(EepromFiles.BootConfig));

    /// <summary>False: the board uses what its chip holds from its next start on.</summary>
    public bool IsInUse => live is null || live.ToBytes().AsSpan().SequenceEqual(image.Read(EepromFiles.BootConfig));

    /// <summary>After the server was reached with what the board started with.</summary>
    /// <returns>True when a change proved itself so.</returns>
    public bool Confirm() => journal?.Confirm(live ?? Config, isLive: live is not null) == true;

    /// <inheritdoc cref="Reconciliation.Compare(BootConfig?, EepromImage, DesiredSettings, Secret, DateTimeOffset)"/>
    public ReconcileResult Compare(DesiredSettings desired, Secret key) => Reconciliation.Compare(live, image, desired, key, time.GetUtcNow());

    /// <summary>Writes an image, and keeps the one of before until the board was seen to start with this one.</summary>
    /// <param name="after">Made of what the chip holds.</param>
    /// <param name="halfWritten">Called once when the chip is left half written: it is tried again until it is whole, for as long as the board is on.</param>
    /// <param name="stopping">Obeyed while the chip holds what it held.</param>
    /// <exception cref="FlashException">It was not written; the chip is as before.</exception>
    public async Task<EepromWrite> Write(EepromImage after, Action? halfWritten, CancellationToken stopping)
    {
        var waits = false;
        if (journal?.Refuse(after, out waits) is { } refusal) return new EepromWrite(waits ? EepromWriteKind.Waits : EepromWriteKind.Refused, refusal);
        journal?.Begin(image, after);
        var outcome = await WriteWhole(after, halfWritten, stopping);
        journal?.Written(after);
        return new EepromWrite(EepromWriteKind.Done, outcome switch
        {
            FlashOutcome.Written => "written and read back; the board uses it from its next start on",
            FlashOutcome.AtNextStart => "put beside the boot files; the board writes it at its next start",
        });
    }

    /// <summary>Writes the image of before the last change again.</summary>
    /// <exception cref="FlashException">There is none, or it was not written.</exception>
    public static async Task GoBack(ChangeJournal journal, IBootloaderStore store, BootStage stage, INodeLog log, TimeProvider time, CancellationToken stopping)
    {
        var previous = journal.ReadPrevious();
        await new FollowedEeprom(live: null, previous, store, journal, stage, log, time).WriteWhole(previous, halfWritten: null, stopping);
        journal.RolledBack();
    }

    private async Task<FlashOutcome> WriteWhole(EepromImage whole, Action? halfWritten, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                return await store.Write(whole.Bytes.ToArray(), stopping);
            }
            catch (FlashException failure) when (failure.Chip == ChipContent.Neither)
            {
                log.Warning(stage, failure.Message);
                halfWritten?.Invoke();
                halfWritten = null;
                await Task.Delay(_beforeNextTry, time, CancellationToken.None);
            }
        }
    }
}

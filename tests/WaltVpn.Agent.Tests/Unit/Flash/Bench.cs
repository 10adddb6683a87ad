using WaltVpn.Agent.Flash;
using WaltVpn.Eeprom;

namespace WaltVpn.Agent.Tests.Unit.Flash;

/// <summary>A board on the bench: our store, flashrom's model, a chip.</summary>
internal sealed class Bench : IDisposable
{
    // In memory, as on a node.
    private readonly string _folder = Directory.CreateDirectory($"/dev/shm/waltvpn-flash-{Guid.NewGuid():N}").FullName;

    public RecordingLog Log { get; private set; } = new();

    public ImpatientTime Time { get; } = new();

    /// <summary>What is in the folder for flashrom's files: nothing, between calls.</summary>
    public IEnumerable<string> LeftFiles => Directory.EnumerateFiles(_folder);

    /// <summary>A store as after a start of the board.</summary>
    public FlashromStore Start(IFlashrom flashrom, EepromFamily family)
    {
        Log = new RecordingLog();
        return new FlashromStore(new FlashromCommands(flashrom, new FlashProgrammer("fast", "slow"), _folder), new BootloaderRules(family), Log, Time);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using WaltVpn.Agent.Flash;
using WaltVpn.Agent.Following;
using WaltVpn.Agent.Startup;
using WaltVpn.Eeprom;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Reconcile;

/// <summary>The folder <c>--state</c>: what is needed to go back, or on, when a change was cut off. Its files are their owner's only.</summary>
internal sealed class ChangeJournal : IDisposable
{
    /// <summary>Writing once more, without the board having started with it in between, is tried so often. Flash wears.</summary>
    private const int MostBoots = 3;

    private const string PreviousName = "eeprom-previous.bin";
    private const string RecordName = "eeprom-change.json";
    private const string KeyName = "node-key";
    private const string SettingsName = "settings-number";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly string _folder;
    private readonly string _boot;
    private readonly FileStream? _lock;
    private readonly Action<Action> _whileWritable;
    private PendingChange? _pending;

    private ChangeJournal(string folder, string boot, FileStream? held, Action<Action> whileWritable)
    {
        (_folder, _boot, _lock, _whileWritable) = (folder, boot, held, whileWritable);
        _pending = ReadPending();
        UnusedKey = File.Exists(At(KeyName)) ? new Secret(File.ReadAllText(At(KeyName))) : null;
    }

    /// <summary>Opens a folder, or makes it, for one process at a time.</summary>
    /// <param name="boot">The kernel's id of this boot.</param>
    /// <exception cref="IOException">It cannot be opened, or another process has it open.</exception>
    public static ChangeJournal Open(string folder, string boot)
    {
        Directory.CreateDirectory(folder, OwnerOnly);
        var held = new FileStream(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        return new ChangeJournal(folder, boot, held, write => write());
    }

    /// <summary>The journal on a node's state partition, which one process has, and which is writable for moments only.</summary>
    /// <param name="state">Where; it survives a restart.</param>
    /// <param name="boot">The kernel's id of this boot.</param>
    public static ChangeJournal OnState(StatePartition state, string boot)
    {
        var folder = Path.Combine(state.Directory, "eeprom");
        if (!Directory.Exists(folder)) state.Write(() => Directory.CreateDirectory(folder, OwnerOnly));
        return new ChangeJournal(folder, boot, held: null, state.Write);
    }

    /// <summary>A private key that was made, and that the board has not yet started with.</summary>
    public Secret? UnusedKey { get; private set; }

    /// <summary>The newest settings document that was taken; null: none was, or the file is damaged, and the number in the EEPROM counts.</summary>
    public LastSettings? LastSettings
    {
        get
        {
            try
            {
                return File.Exists(At(SettingsName)) && Encoding.ASCII.GetString(SealedFile.Open(File.ReadAllBytes(At(SettingsName)))).Split(' ')
                    is [var platform, var node, var number, var digest] && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                    ? new LastSettings(platform, node, value, digest)
                    : null;
            }
            catch (FormatException)
            {
                return null;
            }
        }
    }

    /// <summary>The image of before, while the board has not been seen to start with the new one; null: there is none, or <see cref="Damage"/>.</summary>
    public EepromImage? Previous => _pending is { Stage: PendingStage.Written } ? ReadImage(out _) : null;

    /// <summary>Why the image of before cannot be used; null: it can, or there is none. Without it there is no way back, and every way on.</summary>
    public string? Damage
    {
        get
        {
            _ = ReadImage(out var damage);
            return damage is null ? null : $"{At(PreviousName)}, the image of before the last change, cannot be used: {damage}";
        }
    }

    public void Dispose() => _lock?.Dispose();

    /// <summary>A document was taken: none with a lower number is from here on, also when the EEPROM is written back.</summary>
    public void Keep(LastSettings taken)
    {
        if (taken == LastSettings) return;
        var line = string.Create(CultureInfo.InvariantCulture, $"{taken.Platform} {taken.NodeId} {taken.Number} {taken.Digest}");
        _whileWritable(() => DurableFile.Write(At(SettingsName), SealedFile.Seal(Encoding.ASCII.GetBytes(line))));
    }

    /// <summary>Keeps a new key before the server is given its public half: a server that knows a board by one key does not take another.</summary>
    public void Keep(Secret key)
    {
        _whileWritable(() => DurableFile.Write(At(KeyName), Encoding.ASCII.GetBytes(key.Reveal())));
        UnusedKey = key;
    }

    /// <summary>Looks whether the board started with what was written last. Then nothing of before is needed any more.</summary>
    /// <param name="seen">What the board started with; where that cannot be had, what its chip holds.</param>
    /// <param name="isLive">False for the latter: it counts from the next boot on.</param>
    /// <returns>True when this confirmed a change.</returns>
    public bool Confirm(BootConfig seen, bool isLive)
    {
        if (_pending is not { Stage: PendingStage.Written } || (!isLive && _pending.Boot == _boot) || _pending.Config != Hash(seen.ToBytes())) return false;
        _whileWritable(() =>
        {
            foreach (var name in (string[])[PreviousName, KeyName, RecordName]) File.Delete(At(name));
        });
        (_pending, UnusedKey) = (null, null);
        return true;
    }

    /// <summary>Why this image is not to be written; null: it is.</summary>
    /// <param name="waits">True when it is already where the next start takes it from: no failure.</param>
    public string? Refuse(EepromImage image, out bool waits)
    {
        waits = _pending is { Stage: PendingStage.Written } && _pending.Boot == _boot && _pending.Image == HashOf(image);
        if (waits) return "it was written already, and waits for the board's next start";
        if (_pending is { Stage: PendingStage.RolledBack } && _pending.Image == HashOf(image))
        {
            return $"these settings were rolled back; change them at the server, or remove {At(RecordName)} to try them again";
        }

        if (_pending is not { Stage: PendingStage.Written } || _pending.Boot == _boot || _pending.Boots < MostBoots) return null;
        return $"an image was written in each of the last {MostBoots} starts, and the board never started with it: something puts another in its place, "
            + $"like an old pieeprom.upd on the card or the TFTP server. Remove that, then {At(RecordName)}";
    }

    /// <summary>Before the chip is touched: keeps the image that the board last started with.</summary>
    public void Begin(EepromImage before, EepromImage after)
    {
        // One that is damaged leads back nowhere: what the chip holds now is better than nothing.
        var isFirst = _pending is not { Stage: PendingStage.Written } || ReadImage(out _) is null;
        if (isFirst) _whileWritable(() => DurableFile.Write(At(PreviousName), before.Bytes.Span));
        var boots = isFirst ? 1 : _pending!.Boots + (_pending.Boot == _boot ? 0 : 1);
        // The chip may keep the old image: "waits" counts from Written on.
        Store(new PendingChange(PendingStage.Written, Hash(after.Read(EepromFiles.BootConfig)), "", _boot, boots));
    }

    /// <summary>After the chip, or what the next start takes for it, holds the image.</summary>
    public void Written(EepromImage after) => Store(_pending! with { Image = HashOf(after) });

    /// <summary>The image of before the last change that the board did not confirm.</summary>
    /// <exception cref="FlashException">There is none that can be used.</exception>
    public EepromImage ReadPrevious() => Previous ?? throw new FlashException(
        Damage is { } damage
            ? $"there is no way back: {damage}; let the server have the settings of before, and the board follows those"
            : $"there is nothing to go back to in {_folder}: nothing was written, or the board has started with it since");

    /// <summary>After the image of before was written again.</summary>
    public void RolledBack()
    {
        Store(_pending! with { Stage = PendingStage.RolledBack });
        _whileWritable(() => File.Delete(At(PreviousName)));
    }

    private EepromImage? ReadImage(out string? damage)
    {
        damage = null;
        if (!File.Exists(At(PreviousName))) return null;
        try
        {
            return EepromImage.Parse(File.ReadAllBytes(At(PreviousName)));
        }
        catch (Exception unreadable) when (unreadable is EepromException or IOException or UnauthorizedAccessException)
        {
            damage = unreadable.Message;
            return null;
        }
    }

    private PendingChange? ReadPending()
    {
        if (!File.Exists(At(RecordName))) return null;
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(At(RecordName)), PendingChangeJson.Default.PendingChange);
        }
        catch (JsonException)
        {
            // Written whole or not at all: damaged by somebody else. Without it the image is compared as if nothing had been written.
            return null;
        }
    }

    private void Store(PendingChange change)
    {
        _whileWritable(() => DurableFile.Write(At(RecordName), JsonSerializer.SerializeToUtf8Bytes(change, PendingChangeJson.Default.PendingChange)));
        _pending = change;
    }

    private string At(string name) => Path.Combine(_folder, name);

    private static string HashOf(EepromImage image) => Hash(image.WithTimestamp(DateTimeOffset.UnixEpoch).Bytes.Span);

    private static string Hash(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content));
}

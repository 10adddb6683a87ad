using System.Security.Cryptography;
using WaltVpn.Eeprom;
using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Flash;

/// <summary>
/// For boards whose chip Linux does not reach: the update lies on the boot partition, and the board's own recovery program writes it at the next start.
/// </summary>
/// <remarks>
/// Two programs read these files. The processor's ROM runs <c>recovery.bin</c> instead of the bootloader whenever it is there; it writes
/// <c>pieeprom.upd</c> if the hash in <c>pieeprom.sig</c> fits, and renames itself to <c>RECOVERY.000</c>. A bootloader that may update itself
/// (<c>ENABLE_SELF_UPDATE=1</c>) takes a <c>pieeprom.upd</c> without recovery.bin, if its <c>pieeprom.sig</c> is newer than the chip's image. So at any
/// moment of a power cut the partition has to look like "nothing", or like one whole set:
/// <list type="number">
/// <item>The three new files are written under names that nobody looks for, and synced. All that can fail for want of room fails here, with an earlier
/// update still in place and whole.</item>
/// <item>The earlier <c>recovery.bin</c> goes first: from now on the ROM starts the bootloader. Then its images; a hash alone is nothing.</item>
/// <item>The new hash comes before the new image, so that no image is ever seen without its hash or beside a wrong one.</item>
/// <item>The new <c>recovery.bin</c> comes last: alone, or with half an update, it would stop the board.</item>
/// </list>
/// Every step is synced before the next, because FAT has no journal and the kernel writes back in any order. Names are short (8.3), so that a rename
/// changes one or two entries of one directory; a cut between these shows the same whole file under both names.
/// </remarks>
internal sealed class StagedUpdateStore(BootMedium medium, BootloaderRules rules, INodeLog log) : IBootloaderStore
{
    private const BootStage Stage = BootStage.Online;
    private const string Image = "pieeprom.upd", Signature = "pieeprom.sig", Recovery = "recovery.bin";
    private const string NewImage = "newimage.tmp", NewSignature = "newsig.tmp", NewRecovery = "newrecov.tmp";

    /// <summary>What an earlier update may have left, upper or lower case; also that of the USB controller of the first Raspberry Pi 4.</summary>
    private static readonly string[] Families = ["recovery.*", "pieeprom.*", "vl805.*"];

    /// <summary>Null: what is in the chip cannot be seen from here.</summary>
    public Task<byte[]?> Read(CancellationToken stopping) => Task.FromResult<byte[]?>(null);

    /// <inheritdoc/>
    public Task<FlashOutcome> Write(byte[] image, CancellationToken stopping)
    {
        if (medium.Obstacle is { } obstacle) throw new FlashException($"the new bootloader cannot be staged: {obstacle}.");
        var update = Compose(rules.Admit(image));
        if (update.All(file => Holds(file.Name, file.Content)))
        {
            log.Info(Stage, $"the new bootloader waits in {medium.Directory} already, for the board's next start");
            return Task.FromResult(FlashOutcome.AtNextStart);
        }

        foreach (var step in Steps(update)) Take(step);
        log.Info(Stage, $"the new bootloader waits in {medium.Directory} ({Image}, {Signature}, {Recovery}) and is written at the board's next start");
        return Task.FromResult(FlashOutcome.AtNextStart);
    }

    /// <summary>The steps for an image, in their order. The image was admitted.</summary>
    internal IReadOnlyList<StagedStep> Steps(EepromImage image) => Steps(Compose(image));

    private List<StagedStep> Steps((string Name, string NewName, byte[] Content)[] update) =>
    [
        .. update.Select(file => new StagedStep($"write {file.Name}, {file.Content.Length} bytes", () => WriteSynced(file.NewName, file.Content))),
        new("sync the new files", Sync),
        .. Stale().Select(name => new StagedStep($"remove the earlier {name}", () => RemoveSynced(name))),
        .. update.Select(file => new StagedStep($"rename {file.NewName} to {file.Name}", () => RenameSynced(file.NewName, file.Name))),
    ];

    /// <summary>The set, in the order in which it appears.</summary>
    private (string Name, string NewName, byte[] Content)[] Compose(EepromImage image)
    {
        // The image's own time: the same image gives the same set, and a node's clock may not be right yet.
        var time = image.ReadTimestamp() ?? throw new FlashException(
            "the new bootloader image is refused, nothing was written: it has no time of its last change, which its signature file must name. Set it first.");
        var signature = new SignatureFile(Convert.ToHexStringLower(SHA256.HashData(image.Bytes.Span)), time.ToUnixTimeSeconds(), Chip: null, Signature: null);
        return
        [
            (Signature, NewSignature, System.Text.Encoding.ASCII.GetBytes(signature.ToText())),
            (Image, NewImage, image.Bytes.ToArray()),
            (Recovery, NewRecovery, File.ReadAllBytes(medium.RecoveryProgram)),
        ];
    }

    private void Take(StagedStep step)
    {
        try
        {
            step.Do();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            RemoveNewFiles();
            throw new FlashException(
                $"the new bootloader was not staged in {medium.Directory}: could not {step.What}: {failure.Message}. {Room()}. "
                + "Nothing half-done is left that the board would take.",
                failure);
        }
    }

    private string Room()
    {
        var free = new DriveInfo(medium.Directory).AvailableFreeSpace;
        return $"{free / 1024} KiB are free there; an update of this board needs about {(rules.ImageSize / 1024) + 128}";
    }

    private bool Holds(string name, ReadOnlySpan<byte> content)
    {
        var file = new FileInfo(Path.Combine(medium.Directory, name));
        return file.Exists && file.Length == content.Length && content.SequenceEqual(File.ReadAllBytes(file.FullName));
    }

    private void WriteSynced(string name, ReadOnlySpan<byte> content)
    {
        using var file = new FileStream(Path.Combine(medium.Directory, name), FileMode.Create, FileAccess.Write);
        file.Write(content);
        file.Flush(flushToDisk: true);
    }

    private void RenameSynced(string from, string to)
    {
        File.Move(Path.Combine(medium.Directory, from), Path.Combine(medium.Directory, to), overwrite: true);
        Sync();
    }

    /// <summary>What earlier updates left, in the order in which it may go: what starts one, what it would write, and then the hashes.</summary>
    private IEnumerable<string> Stale() => Families
        .SelectMany(pattern => Directory.GetFiles(medium.Directory, pattern, new EnumerationOptions { MatchCasing = MatchCasing.CaseInsensitive }))
        .Select(path => Path.GetFileName(path))
        .OrderBy(name => name.StartsWith("recovery.", StringComparison.OrdinalIgnoreCase) ? 0
            : name.EndsWith(".sig", StringComparison.OrdinalIgnoreCase) ? 2
            : 1);

    private void RemoveSynced(params string[] names)
    {
        foreach (var name in names) File.Delete(Path.Combine(medium.Directory, name));
        Sync();
    }

    private void Sync() => Fsync.Directory(medium.Directory);

    /// <summary>On the way out after a failure: what cannot be removed now is overwritten by the next attempt.</summary>
    private void RemoveNewFiles()
    {
        try
        {
            RemoveSynced(NewImage, NewSignature, NewRecovery);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log.Warning(Stage, $"{medium.Directory} still has {NewImage}, {NewSignature} or {NewRecovery}: {failure.Message}");
        }
    }
}

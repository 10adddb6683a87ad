using System.Runtime.InteropServices;
using System.Text;
using WaltVpn.Agent.Board;
using WaltVpn.Agent.Enrollment;
using WaltVpn.Agent.Flash;
using WaltVpn.Agent.Following;
using WaltVpn.Agent.OpenSsh;
using WaltVpn.Agent.WaltHttp;
using WaltVpn.Eeprom;
using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Reconcile;

/// <summary><c>waltvpn-agent reconcile</c>: asks the server, compares, and writes once when something differs.</summary>
/// <remarks>docs/eeprom.md "Following the server".</remarks>
/// <param name="root"><c>/</c>, or a folder laid out like it.</param>
/// <param name="output">What was found and done.</param>
/// <param name="error">Why it was not.</param>
internal sealed class ReconcileCommand(ReconcileOptions options, string root, TimeProvider time, TextWriter output, TextWriter error)
{
    private readonly CommandLog _log = new(output, error);

    // What a shell reports for a program that SIGINT ended: 128 and the signal's number.
    private const int Stopped = 130;
    private static readonly TimeSpan _requestDeadline = TimeSpan.FromSeconds(30);

    /// <summary>Runs the command line.</summary>
    /// <param name="words">After <c>reconcile</c>.</param>
    /// <returns>One of <see cref="ReconcileExit"/>.</returns>
    public static async Task<int> Run(IReadOnlyList<string> words, string root, TimeProvider time, TextWriter output, TextWriter error)
    {
        if (!ReconcileOptions.TryParse(words, out var options, out var mistake))
        {
            await error.WriteLineAsync($"waltvpn-agent reconcile: {mistake}");
            return ReconcileExit.Usage;
        }

        if (options.ShowHelp)
        {
            await output.WriteLineAsync(ReconcileOptions.Help);
            return ReconcileExit.Done;
        }

        using var stopping = new CancellationTokenSource();
        void Stop(PosixSignalContext signal)
        {
            // A chip that is being written is finished first: whoever waits for the write decides.
            signal.Cancel = true;
            stopping.Cancel();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            return await new ReconcileCommand(options, root, time, output, error).Run(stopping.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await error.WriteLineAsync("waltvpn-agent reconcile: stopped; the board's bootloader is as before");
            return Stopped;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FlashException or EepromException or StageException
            or ErrnoException)
        {
            await error.WriteLineAsync($"waltvpn-agent reconcile: {failure.Message}");
            return ReconcileExit.Failed;
        }
    }

    private async Task<int> Run(CancellationToken stopping)
    {
        var (live, absence) = ReadLive();
        if (absence is { Why: LiveConfigAbsence.NotARaspberryPi or LiveConfigAbsence.NoBootEeprom } && options.Image is null)
        {
            return Say(ReconcileExit.Done, $"nothing to do: {absence.Reason}");
        }

        using var journal = options.State is { } folder ? ChangeJournal.Open(folder, BootId()) : null;
        var store = await StoreOption.Open(options, root, _log, stopping);
        if (options.RollBack) return await RollBack(journal!, store, stopping);
        // Before the server is asked for anything: a board that cannot be written is not enrolled.
        var content = await store.Read(stopping);
        var image = content is not null ? Parse(content, options.Image ?? "the board's chip")
            : UnreadableChip.Assume(ReadFirmware(), live, LiveConfig.ReadBootKey(root));
        if (options.Image is not null && options.Configuration is null) live = BootConfig.Parse(image.Read(EepromFiles.BootConfig));
        if (live is null && absence is not null) await output.WriteLineAsync($"what the board started with is not known: {absence.Reason}");
        if (journal?.Damage is { } damage) await error.WriteLineAsync($"{damage}; going on without a way back");
        var stored = StoredNode.Read(BootConfig.Parse(image.Read(EepromFiles.BootConfig)));
        return options.TrustHttp || stored.NodeId is not { } node
            ? await Follow(live, image, isAssumed: content is null, store, journal, stopping)
            : await FollowOverSsh(node, stored, Eeprom(live, image, store, journal), store, journal, stopping);
    }

    private FollowedEeprom Eeprom(BootConfig? live, EepromImage image, IBootloaderStore store, ChangeJournal? journal) =>
        new(live, image, store, journal, BootStage.Settings, _log, time);

    private byte[]? ReadFirmware() => options.Firmware is { } file ? Parse(File.ReadAllBytes(file), file).Bytes.ToArray() : null;

    private static EepromImage Parse(byte[] content, string name)
    {
        try
        {
            return EepromImage.Parse(content);
        }
        catch (EepromException damage)
        {
            throw new EepromException(damage.Fault, $"{name}: {damage.Message}", damage);
        }
    }

    /// <summary>A node of ours asks the server that its EEPROM names, and no other (docs/security.md NODE-4).</summary>
    private async Task<int> FollowOverSsh(
        string nodeId, StoredNode stored, FollowedEeprom eeprom, IBootloaderStore store, ChangeJournal? journal, CancellationToken stopping)
    {
        using var question = NodeQuestion.Prepare(eeprom.Config, stored, journal?.Previous);
        var answer = await question.Ask(error.WriteLine, stopping);
        var mark = stored.Credentials!.Mark;
        LastSettings?[] taken = [mark.Number > 0 ? new LastSettings(mark.Platform, nodeId, mark.Number, "") : null, journal?.LastSettings];
        var refusals = taken.Select(last => SettingsTrust.Refuse(answer, mark.Platform, nodeId, stored.Key!.Line, last));
        if (refusals.FirstOrDefault(why => why is not null) is { } refusal)
        {
            return Say(ReconcileExit.Withheld, $"not written: the settings of {answer.Way} are refused: {refusal}");
        }

        if (!options.DryRun) journal?.Keep(new LastSettings(answer.Document.Platform, nodeId, answer.Document.Counter, answer.Digest));
        if (DocumentSettings.Read(answer.Document) is not { } desired)
        {
            return Say(ReconcileExit.Done, "nothing to do: the server has no complete VPN configuration: http.entrypoint and a boot key are needed");
        }

        var result = eeprom.Compare(desired, stored.Credentials.PrivateKey);
        var isBack = answer.Way.KnownAs == WayIn.Current;
        if (!isBack && result is ReconcileResult.NothingToDo)
        {
            if (!await ComesInNow(question, stopping)) return await Return(journal!, store, stopping);
            isBack = true;
        }

        if (isBack) Confirm(eeprom);
        return await Apply(result, eeprom, hasProof: true, stopping);
    }

    /// <summary>One more look, now that the server is known to answer at all: a moment without network is no reason to go back.</summary>
    private async Task<bool> ComesInNow(NodeQuestion question, CancellationToken stopping)
    {
        try
        {
            await question.AskCurrent(error.WriteLine, stopping);
            return true;
        }
        catch (StageException)
        {
            return false;
        }
    }

    /// <summary>docs/security.md NODE-5: settings with which the server is not reached give way to those of before, with which it is.</summary>
    private async Task<int> Return(ChangeJournal journal, IBootloaderStore store, CancellationToken stopping)
    {
        Say(ReconcileExit.Withheld, "the server is reached with the settings of before the last change only: the image of before is written again");
        return await RollBack(journal, store, stopping);
    }

    /// <param name="isAssumed">The chip could not be read: the image is what must be in it.</param>
    private async Task<int> Follow(
        BootConfig? live, EepromImage image, bool isAssumed, IBootloaderStore store, ChangeJournal? journal, CancellationToken stopping)
    {
        var server = new WaltHttpClient(options.Server, _requestDeadline, stopping);
        if (await WaltSettings.Fetch(server, options.IsWalt, stopping) is not { } settings)
        {
            return Say(ReconcileExit.Done, $"nothing to do: {options.Server} has no complete VPN configuration");
        }

        if (isAssumed) image = UnreadableChip.AssumeAuthority(image, settings.CaCertificate);
        var eeprom = Eeprom(live, image, store, journal);
        Confirm(eeprom);
        var stored = StoredNode.Read(eeprom.Config);
        var hadIdentity = stored.Credentials is not null;
        var need = EnrollmentNeed.Decide(stored, journal?.UnusedKey, settings.Mac, settings.Certificate);
        var key = need.Key;
        if (need.Reason is { } reason)
        {
            Say(0, $"enrolment: {reason}");
            if (Withhold(hadIdentity) is { } why) return Say(ReconcileExit.Withheld, why);
            (key, settings) = await Enroll(server, key, journal, stopping);
        }

        return await Apply(eeprom.Compare(settings.ForNode(), key!), eeprom, hasProof: !hadIdentity, stopping);
    }

    private void Confirm(FollowedEeprom eeprom)
    {
        if (!options.DryRun && eeprom.Confirm()) Say(0, "the board has started with what was written last; the image of before is not kept any more");
    }

    /// <param name="hasProof">The settings are proved, or there is no identity that they could take away.</param>
    private async Task<int> Apply(ReconcileResult result, FollowedEeprom eeprom, bool hasProof, CancellationToken stopping)
    {
        if (result is not ReconcileResult.Change change)
        {
            var follower = eeprom.IsInUse ? "the board follows the server" : "the chip follows the server, the board at its next start";
            return Say(ReconcileExit.Done, $"nothing to do: {follower}");
        }

        foreach (var difference in change.Differences) Say(0, difference);
        if (Withhold(!hasProof) is { } withheld) return Say(ReconcileExit.Withheld, withheld);
        var written = await eeprom.Write(change.Image, halfWritten: null, stopping);
        return written.Kind switch
        {
            EepromWriteKind.Done => Say(ReconcileExit.Done, written.Text),
            EepromWriteKind.Waits => Say(ReconcileExit.Done, $"nothing to do: {written.Text}"),
            EepromWriteKind.Refused => Say(ReconcileExit.Withheld, $"not written: {written.Text}"),
        };
    }

    /// <summary>Why nothing may be changed; null: it may.</summary>
    private string? Withhold(bool isUnproved) => options.DryRun ? "not written: --dry-run"
        : isUnproved && !options.TrustHttp
            ? "not written: this board is a node, and plain HTTP proves nothing about who answers; --trust-http takes it all the same"
        : null;

    /// <summary>Gives the server this board's key, and asks again.</summary>
    private async Task<(Secret Key, WaltSettings Settings)> Enroll(WaltHttpClient server, Secret? known, ChangeJournal? journal, CancellationToken stopping)
    {
        var key = known ?? await FreshKey.Make(options.KeyType);
        if (known is null) journal?.Keep(key);
        if (!SshPublicKey.TryReadFrom(key, out var half)) throw new StageException("the key that was kept is damaged; remove node-key from the state folder.");
        await server.PostKey(half);
        Say(0, $"enrolled at {options.Server} with key {half.Fingerprint}");
        var settings = await WaltSettings.Fetch(server, options.IsWalt, stopping)
            ?? throw new StageException("the server took the key, and has no complete VPN configuration any more; run this again.");
        return (key, settings);
    }

    private async Task<int> RollBack(ChangeJournal journal, IBootloaderStore store, CancellationToken stopping)
    {
        _ = journal.ReadPrevious();
        if (options.DryRun) return Say(ReconcileExit.Withheld, "not written: --dry-run");
        await FollowedEeprom.GoBack(journal, store, BootStage.Settings, _log, time, stopping);
        return Say(ReconcileExit.Done, "the image of before is written and read back; the settings since are not written again until the server changes them");
    }

    private (BootConfig? Config, LiveConfig.Absent? Absence) ReadLive()
    {
        if (options.Configuration is { } file) return (BootConfig.Parse(File.ReadAllBytes(file)), null);
        return LiveConfig.Read(root) switch
        {
            LiveConfig.Found found => (found.Config, null),
            var other => (null, (LiveConfig.Absent)other),
        };
    }

    private string BootId() => File.ReadAllText(Path.Combine(root, "proc/sys/kernel/random/boot_id"), Encoding.ASCII).Trim();

    private int Say(int status, string text)
    {
        (status is ReconcileExit.Done ? output : error).WriteLine(text);
        return status;
    }
}

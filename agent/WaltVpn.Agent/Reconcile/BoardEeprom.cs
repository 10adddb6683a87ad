using WaltVpn.Agent.Board;
using WaltVpn.Agent.Enrollment;
using WaltVpn.Agent.Flash;
using WaltVpn.Agent.Following;
using WaltVpn.Agent.Startup;
using WaltVpn.Eeprom;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Reconcile;

/// <summary>
/// The EEPROM of the board that starts: it follows the server between identity and tunnel. Whatever goes wrong keeps no node from its tunnel.
/// </summary>
/// <remarks>docs/eeprom.md "At each start". Disposing waits for a chip that is half written: a restart would be the board's last.</remarks>
/// <param name="live">What the board started with.</param>
internal sealed class BoardEeprom(BootConfig live, BoardAccess access, INodeLog log, TimeProvider time) : IAsyncDisposable
{
    private const BootStage Stage = BootStage.Settings;

    private Task _following = Task.CompletedTask;
    private Task _writing = Task.CompletedTask;
    private StatePartition? _cardState;

    /// <summary>Looks for it.</summary>
    /// <returns>Null: the board has none, or started with boot files that do not show it.</returns>
    public static BoardEeprom? Find(INodeLog log)
    {
        switch (LiveConfig.Read("/"))
        {
            case LiveConfig.Found found:
                log.Info(BootStage.Startup, $"the EEPROM's configuration is in {found.Source}");
                return new BoardEeprom(found.Config, BoardAccess.OfThisBoard, log, TimeProvider.System);
            case LiveConfig.Absent { Why: not (LiveConfigAbsence.NotARaspberryPi or LiveConfigAbsence.NoBootEeprom) } absent:
                log.Warning(BootStage.Startup, $"the board's EEPROM does not follow the server: {absent.Reason}");
                return null;
            default:
                return null;
        }
    }

    /// <summary>The firmware fetched what runs.</summary>
    public bool StartedFromNetwork => Board.StartedFrom.Network(access.Root);

    /// <summary>Who the board is by what it started with.</summary>
    /// <exception cref="StageException">Nobody.</exception>
    public EepromNode ReadNode() => EepromNode.Read(live);

    /// <inheritdoc cref="EepromNode.FindFirstSettings"/>
    public NodeSettings? FindFirstSettings() => EepromNode.FindFirstSettings(live);

    /// <summary>What there is beside the settings: the way of before the last change, and the number that none may be below.</summary>
    public EepromMemory Remember(EepromNode node)
    {
        using var journal = Journal(state: null);
        var (former, last) = (FormerReach(node, journal?.Previous), node.Last);
        if (journal?.LastSettings is { } kept && kept.NodeId == node.Identity.NodeId && kept.Number >= (last?.Number ?? 0)) last = kept;
        return new EepromMemory(former is not null && former.IsSameAs(Reach.Of(node.Settings)) ? null : former, last);
    }

    /// <summary>Compares everything with what the server told, and writes once when something differs.</summary>
    /// <param name="told">The answer that was taken in this start; null: none was, and the EEPROM stays as it is.</param>
    /// <param name="key">The node's.</param>
    /// <param name="state">Keeps the way back, when it outlives a restart.</param>
    /// <param name="stopping">The machine goes down. Obeyed while the chip holds what it held.</param>
    /// <returns>True: the board should start again, to use what was written.</returns>
    /// <exception cref="OperationCanceledException">The machine goes down.</exception>
    public Task<bool> Follow(SettingsAnswer? told, NodeKey key, StatePartition state, CancellationToken stopping)
    {
        var following = told is null ? Task.FromResult(false) : FollowOrSay(told, key, state, stopping);
        _following = following;
        return following;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _writing;
    }

    private async Task<bool> FollowOrSay(SettingsAnswer told, NodeKey key, StatePartition state, CancellationToken stopping)
    {
        try
        {
            if (DocumentSettings.Read(told.Document) is { } desired) return await Follow(told, desired, key, state, stopping);
            log.Info(Stage, "the EEPROM stays as it is: the server has no boot files for it (http.entrypoint, boot key)");
        }
        catch (Exception failure) when (failure is FlashException or EepromException or StageException or IOException or UnauthorizedAccessException)
        {
            log.Warning(Stage, $"the EEPROM does not follow the server: {failure.Message.TrimEnd('.')}. Going on with what the board has.");
        }

        return false;
    }

    private async Task<bool> Follow(SettingsAnswer told, DesiredSettings desired, NodeKey key, StatePartition state, CancellationToken stopping)
    {
        var secret = new Secret(await File.ReadAllTextAsync(key.PrivateKeyPath, stopping));
        using var journal = Journal(state);
        if (journal?.Damage is { } damage) log.Warning(Stage, $"{damage}; going on without a way back");
        journal?.Keep(new LastSettings(told.Document.Platform, told.Document.NodeId, told.Document.Counter, told.Digest));
        var hasFormer = told.Way.KnownAs == WayIn.Former && journal?.Previous is not null;
        // The board started a moment ago with what its chip holds: where that is right, the chip need not be read.
        if (!hasFormer && LiveConfig.ReadBootKey(access.Root) is { } bootKey && Reconciliation.IsFollowed(live, bootKey, desired, secret))
        {
            if (journal?.Confirm(live, isLive: true) == true) log.Info(Stage, "the board has started with what was written last; the image of before goes");
            log.Info(Stage, "the EEPROM follows the server: nothing to do");
            return false;
        }

        if (Stranger(told.Document) is { } stranger)
        {
            log.Warning(Stage, stranger);
            return false;
        }

        using var place = await OpenStore(stopping);
        var image = await ReadImage(place, desired, stopping);
        var eeprom = new FollowedEeprom(live, image, place.Store, journal, Stage, log, time);
        var result = eeprom.Compare(desired, secret);
        if (result is ReconcileResult.Change change) return await Change(eeprom, image, change, desired, journal, stopping);
        if (!hasFormer || !eeprom.IsInUse)
        {
            log.Info(Stage, eeprom.IsInUse ? "the EEPROM follows the server: nothing to do" : "the chip follows the server, the board at its next start");
            return false;
        }

        log.Warning(Stage, "the server is reached with the settings of before the last change only: the image of before is written again");
        await FollowedEeprom.GoBack(journal!, place.Store, Stage, log, time, stopping);
        return false;
    }

    private async Task<bool> Change(
        FollowedEeprom eeprom, EepromImage before, ReconcileResult.Change change, DesiredSettings desired, ChangeJournal? journal, CancellationToken stopping)
    {
        foreach (var difference in change.Differences) log.Info(Stage, $"EEPROM: {difference}");
        if (ChangesWhatIsBooted(before, change.Image) && await MissingBootFiles(desired, stopping) is { } missing)
        {
            log.Warning(Stage, $"the EEPROM is not written, for the board would find nothing to start: {missing}");
            return false;
        }

        if (await Write(eeprom, change.Image, stopping) is not { } written) return false;
        if (written.Kind != EepromWriteKind.Done)
        {
            log.Warning(Stage, $"the EEPROM is not written: {written.Text}");
            return false;
        }

        log.Info(Stage, $"the EEPROM is {written.Text}");
        // Without a count of the starts, something that puts an old image back each time would have the board start and write for ever.
        if (journal is null) log.Info(Stage, "there is no card to keep count of its starts: the board does not start again by itself");
        return journal is not null;
    }

    /// <returns>Null: the chip is half written, and written again beside the rest of the boot.</returns>
    private async Task<EepromWrite?> Write(FollowedEeprom eeprom, EepromImage image, CancellationToken stopping)
    {
        var halfWritten = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var writing = eeprom.Write(image, halfWritten.SetResult, stopping);
        if (await Task.WhenAny(writing, halfWritten.Task) == writing) return await writing;
        _writing = SayTheEnd(writing);
        return null;
    }

    private async Task SayTheEnd(Task<EepromWrite> writing)
    {
        try
        {
            log.Info(Stage, $"the EEPROM is {(await writing).Text}");
        }
        catch (Exception failure) when (failure is FlashException or IOException or UnauthorizedAccessException)
        {
            log.Warning(Stage, failure.Message);
        }
    }

    /// <summary>An EEPROM with another node of this platform in it belongs to that one, and a card to the board it was made for.</summary>
    private string? Stranger(SettingsDocument document)
    {
        var stored = StoredNode.Read(live);
        return stored is { Credentials.Mark.Platform: { } platform, NodeId: { } id } && platform == document.Platform && id != document.NodeId
            ? $"the EEPROM is not written: it holds {stored.Mac} of this platform, and the card is {document.VpnMac}. Take the card out, "
                + "or give the board a fresh start with a recovery card (docs/eeprom.md)"
            : null;
    }

    private static bool ChangesWhatIsBooted(EepromImage before, EepromImage after)
    {
        var (old, made) = (BootConfig.Parse(before.Read(EepromFiles.BootConfig)), BootConfig.Parse(after.Read(EepromFiles.BootConfig)));
        return ((string[])["HTTP_HOST", "HTTP_PATH", "BOOT_ORDER"]).Any(name => old.Find(name) != made.Find(name))
            || !before.Read(EepromFiles.PublicKey).SequenceEqual(after.Read(EepromFiles.PublicKey));
    }

    /// <summary>Only a board that starts over HTTP and from nowhere else depends on it. With HTTPS only the firmware can tell.</summary>
    private static async Task<string?> MissingBootFiles(DesiredSettings desired, CancellationToken stopping) =>
        desired is { BootMode: VpnBootMode.Enforced, CaCertificate: null } ? await BootFilesCheck.Refuse(desired, stopping) : null;

    private async Task<StorePlace> OpenStore(CancellationToken stopping)
    {
        var (rules, commands) = (access.Rules, access.Commands(access.Rules.Family));
        try
        {
            return new StorePlace(await BootloaderStores.For(rules, commands, medium: null, log, stopping), null);
        }
        catch (FlashException) when (!rules.Locked)
        {
            var card = access.MountCard();
            try
            {
                return new StorePlace(await BootloaderStores.For(rules, commands, card?.Medium, log, stopping), card);
            }
            catch (FlashException)
            {
                card?.Dispose();
                throw;
            }
        }
    }

    private async Task<EepromImage> ReadImage(StorePlace place, DesiredSettings desired, CancellationToken stopping)
    {
        if (await place.Store.Read(stopping) is { } content) return EepromImage.Parse(content);
        if (place.Card is { Firmware: null })
            throw new FlashException("this board's chip cannot be read; put a bootloader image for it on the card, as eeprom/pieeprom.bin");
        var image = UnreadableChip.Assume(place.Card?.Firmware, live, LiveConfig.ReadBootKey(access.Root));
        return UnreadableChip.AssumeAuthority(image, desired.CaCertificate);
    }

    private static Reach? FormerReach(EepromNode node, EepromImage? previous)
    {
        if (previous is null) return null;
        try
        {
            var config = BootConfig.Parse(previous.Read(EepromFiles.BootConfig));
            return StoredNode.Read(config) is var former && former.Key == node.Node.Key ? former.ReachBy(config) : null;
        }
        catch (EepromException)
        {
            // An image whose configuration is no text: there was no way by it.
            return null;
        }
    }

    /// <summary>On the node's state partition; where its state is in memory, on that of a card which is in the board all the same.</summary>
    private ChangeJournal? Journal(StatePartition? state)
    {
        if (state is { IsKept: true }) return ChangeJournal.OnState(state, access.BootId);
        try
        {
            _cardState ??= access.MountState();
            return _cardState is null ? null : ChangeJournal.OnState(_cardState, access.BootId);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log.Warning(Stage, $"the card in the board cannot be used: {failure.Message}. Going on without it.");
            return null;
        }
    }

    private sealed record StorePlace(IBootloaderStore Store, BootCard? Card) : IDisposable
    {
        public void Dispose() => Card?.Dispose();
    }
}

namespace WaltVpn.Agent.BootFiles;

/// <summary>
/// What a card does that was written once: looks for the server's newest signed image, keeps it, and starts it. An image that does not come in is left for
/// the one before; without any image the card's own system goes on, so that no image can make the board unusable.
/// </summary>
/// <remarks>
/// <code>
///  boot.sig ──signed?──▶ boot.img ──hash──▶ cache ──board, epoch──▶ loaded ──▶ record: "started" ──▶ kexec ┄▶ stage 2 ──tunnel──▶ record: "came in"
///     │ no                                                                                                  │ no: the next start takes another
///     └──▶ an image of earlier, if bootCache allows one ──▶ the card's own system
/// </code>
/// </remarks>
internal sealed class StageOne(
    BootSource source, CachePolicy policy, string board, BootCache cache, BootServer server, IKernelStarter kernel, TimeProvider time, INodeLog log)
{
    /// <summary>Starts an image; returns when there is none to start.</summary>
    public async Task Run(CancellationToken stopping)
    {
        var record = cache.ReadRecord();
        var (named, choice) = await Choose(record, stopping);
        foreach (var image in choice.Images)
        {
            try
            {
                await Start(image, record.Epoch, image == named, choice.Because);
            }
            catch (BootImageException reason)
            {
                log.Warning(BootStage.BootFiles, $"boot image {image[..16]} is not started: {reason.Message}.");
            }
        }

        cache.Change(now => now with { TriedLast = false });
        log.Info(BootStage.BootFiles, $"what is on the card goes on: {(choice.Images.Count == 0 ? choice.Because : "no boot image could be started")}");
    }

    private async Task<(string? Named, BootChoice Choice)> Choose(BootRecord record, CancellationToken stopping)
    {
        var signature = await server.Newest(stopping);
        if (signature is not null && signature.Sha256 == record.Refused)
        {
            log.Warning(
                BootStage.BootFiles, $"the server's boot image {signature.Sha256[..16]} was refused before: it is not for this board. Publish another one.");
            signature = null;
        }

        var choice = Decide(signature?.Sha256);
        if (signature is null || choice.Images.Count == 0 || choice.Images[0] != signature.Sha256) return (signature?.Sha256, choice);
        return await Obtain(signature, record, stopping) ? (signature.Sha256, choice) : (null, Decide(named: null));

        BootChoice Decide(string? named) => BootChoice.Of(record, named, policy, time.GetUtcNow());
    }

    private async Task<bool> Obtain(Protocol.SignatureFile signature, BootRecord record, CancellationToken stopping)
    {
        cache.Renew(signature);
        // One that is damaged on the card is deleted when it is looked at.
        if (cache.Has(signature.Sha256) && IsUsable(signature.Sha256, record)) return true;
        return !cache.Has(signature.Sha256) && await server.Fetch(signature, record, stopping) && IsUsable(signature.Sha256, record);
    }

    /// <summary>Looks into the server's image. One that is whole and never will be for this board is not fetched again.</summary>
    private bool IsUsable(string image, BootRecord record)
    {
        try
        {
            cache.Open(image, source, board, record.Epoch).Dispose();
            return true;
        }
        catch (BootImageException refusal)
        {
            log.Warning(BootStage.BootFiles, $"the server's boot image is refused: {refusal.Message}.");
            if (refusal.IsOthers) cache.Change(now => now with { Refused = image });
            if (!record.Good.Contains(image)) cache.Prune(record.Good);
            return false;
        }
    }

    private async Task Start(string image, long floor, bool named, string because)
    {
        using (var opened = cache.Open(image, source, board, floor))
        {
            await kernel.Load(opened);
            log.Info(BootStage.BootFiles, $"starting boot image {image[..16]}, epoch {opened.Manifest.Epoch}, built {opened.Manifest.BuildTime:u}: {because}");
            cache.Change(now => now.Starting(image, opened.Manifest.Epoch, named ? time.GetUtcNow() : null));
        }

        kernel.Start();
    }
}

using System.Text;
using WaltVpn.Agent.WaltHttp;
using WaltVpn.Protocol;
using MaxSizes = WaltVpn.Protocol.BootFiles;

namespace WaltVpn.Agent.BootFiles;

/// <summary>The server's boot.sig and boot.img, over plain HTTP: nothing of either is believed before the signature says so.</summary>
/// <param name="chunk">Bytes that are kept at a time: what a power cut costs at most.</param>
internal sealed class BootServer(BootSource source, BootCache cache, INodeLog log, TimeProvider time, int chunk)
{
    /// <summary>A server that says nothing for so long is gone.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    /// <summary>A line that is slower makes the node late; what was fetched is kept for the next start.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <summary>Tries in a row that bring nothing; of a server that is only busy, more, and farther apart.</summary>
    private const int MostFailures = 3;
    private const int MostBusy = 12;

    /// <summary>Asks which image is the newest.</summary>
    /// <returns>A boot.sig with this platform's signature; null: the server names no image, and the log says why.</returns>
    public async Task<SignatureFile?> Newest(CancellationToken stopping)
    {
        for (var failures = 1; ; failures++)
        {
            try
            {
                return await Ask(stopping);
            }
            catch (HttpException failure) when (IsWorthAnother(failure, failures))
            {
                log.Info(BootStage.BootFiles, $"{failure.Message}; asking again");
                await Pause(failure, stopping);
            }
            catch (HttpException failure)
            {
                log.Warning(BootStage.BootFiles, $"{failure.Message}.");
                return null;
            }
            catch (BootImageException refusal)
            {
                log.Warning(BootStage.BootFiles, $"the server's boot image is refused: {refusal.Message}.");
                return null;
            }
        }
    }

    /// <summary>Fetches an image, from where the last start left off.</summary>
    /// <returns>False: it is not on the card; the log says why.</returns>
    public async Task<bool> Fetch(SignatureFile signature, BootRecord record, CancellationToken stopping)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        late.CancelAfter(Longest);
        try
        {
            for (var failures = 1; ; failures++)
            {
                var before = cache.FetchedOf(signature.Sha256);
                try
                {
                    await FetchOn(signature.Sha256, before, record, late.Token);
                    cache.Complete(signature);
                    return true;
                }
                catch (HttpException failure) when (IsWorthAnother(failure, failures) || cache.FetchedOf(signature.Sha256) > before)
                {
                    if (cache.FetchedOf(signature.Sha256) > before) failures = 0;
                    log.Info(BootStage.BootFiles, $"{failure.Message}; going on");
                    await Pause(failure, late.Token);
                }
                catch (BootImageException wrong) when (before > 0 && !wrong.IsOthers && failures < MostFailures)
                {
                    // Of an earlier start, whose power failed: garbage may stand in it.
                    log.Info(BootStage.BootFiles, $"{wrong.Message}");
                }
            }
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            log.Warning(
                BootStage.BootFiles,
                $"the server's boot image did not come within {Longest.TotalMinutes:0} min; "
                + $"{cache.FetchedOf(signature.Sha256)} bytes of it are kept for the next start.");
        }
        catch (BootImageException refusal)
        {
            log.Warning(BootStage.BootFiles, $"the server's boot image is refused: {refusal.Message}.");
        }
        catch (HttpException failure)
        {
            log.Warning(BootStage.BootFiles, $"{failure.Message}.");
        }

        return false;
    }

    private static bool IsWorthAnother(HttpException failure, int failures) => failures < (failure.IsBusy ? MostBusy : MostFailures);

    // Boards that got their power back together do not come back together.
    private Task Pause(HttpException failure, CancellationToken stopping) =>
        Task.Delay(TimeSpan.FromSeconds(failure.IsBusy ? 2 + (8 * Random.Shared.NextDouble()) : 1), time, stopping);

    private async Task<SignatureFile?> Ask(CancellationToken stopping)
    {
        var path = $"{source.Path}/boot.sig";
        var answer = await HttpExchange.Send(source.Server, path, form: null, Silence, stopping);
        if (HttpException.IsBusyStatus(answer.Status))
            throw new HttpException($"GET http://{source.Server.Authority}{path}: the server refused with status {answer.Status}") { IsBusy = true };
        if (answer.Status != 200)
        {
            log.Info(BootStage.BootFiles, $"http://{source.Server.Authority}{path}: status {answer.Status}: the server has no boot image for this node");
            return null;
        }

        var text = Encoding.Latin1.GetString(answer.Body);
        try
        {
            var signature = SignatureFile.Parse(text);
            if (!source.IsSigned(signature)) throw new BootImageException("its boot.sig is not signed with this platform's boot key");
            return signature;
        }
        catch (FormatException wrong)
        {
            var start = WaltHttpClient.Printable(text[..Math.Min(text.Length, 40)]);
            throw new BootImageException($"its boot.sig is none, it begins with '{start}': {wrong.Message}", wrong);
        }
    }

    private async Task FetchOn(string image, long from, BootRecord record, CancellationToken stopping)
    {
        using var download = await HttpDownload.Open(source.Server, $"{source.Path}/boot.img", from, image, Silence, stopping);
        // All of it was kept, and not looked at yet.
        if (download.IsBeyondEnd) return;
        if (download.Total is 0 or > MaxSizes.MaxImageSize)
            throw new BootImageException($"it has {download.Total} bytes; a boot.img has 1 to {MaxSizes.MaxImageSize}", isOthers: true);
        if (download.Start != from) cache.Forget(image);
        cache.MakeRoom(image, download.Total, record);
        var where = download.Start > 0 ? $", from byte {download.Start} on" : "";
        log.Info(BootStage.BootFiles, $"fetching boot image {image[..16]}, {download.Total} bytes{where}");
        var buffer = new byte[chunk];
        for (var filled = 0; ;)
        {
            var length = await Read(download, buffer.AsMemory(filled), stopping);
            filled += length.Bytes;
            if (filled > 0 && (filled == buffer.Length || length.Bytes == 0)) cache.Append(image, buffer.AsSpan(0, filled));
            if (length.Failure is { } failure) throw failure;
            if (length.Bytes == 0) return;
            if (filled == buffer.Length) filled = 0;
        }
    }

    // What came before a line broke is kept.
    private static async Task<(int Bytes, HttpException? Failure)> Read(HttpDownload download, Memory<byte> buffer, CancellationToken stopping)
    {
        try
        {
            return (await download.Read(buffer, stopping), null);
        }
        catch (HttpException failure)
        {
            return (0, failure);
        }
    }
}

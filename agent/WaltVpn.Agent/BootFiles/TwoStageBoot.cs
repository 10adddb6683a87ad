using System.Text.Json;
using WaltVpn.Agent.Following;
using WaltVpn.Agent.Startup;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.BootFiles;

/// <summary>This start's part in the boot over two stages (docs/images.md "Two stages").</summary>
internal sealed class TwoStageBoot
{
    private const int Chunk = 4 << 20;

    private readonly NodeSettings _card;
    private readonly FollowedSettings _followed;
    private readonly BootCache _cache;
    private readonly INodeLog _log;
    private readonly StageTwo? _second;

    public TwoStageBoot(NodeSettings card, FollowedSettings followed, StatePartition state, INodeLog log)
    {
        (_card, _followed, _cache, _log) = (card, followed, new BootCache(new StateFolder(state), log), log);
        if (Kexec.StageTwoImage(File.ReadAllText("/proc/cmdline")) is { } image) _second = new StageTwo(image, _cache, TimeProvider.System, log);
    }

    /// <summary>Stage 1 ends here, in the kernel of an image, when the settings name a server for boot files and there is an image.</summary>
    public async Task StartNewest(string nodeId, CancellationToken stopping)
    {
        if (_second is not null)
        {
            _second.Begin(stopping);
            return;
        }

        if (BootSource.Of(_card, _followed.Told, nodeId) is not { } source || Board() is not { } board) return;
        var server = new BootServer(source, _cache, _log, TimeProvider.System, Chunk);
        var policy = CachePolicy.Parse(_card.BootCache) ?? CachePolicy.Default;
        try
        {
            await new StageOne(source, policy, board, _cache, server, new Kexec(_log), TimeProvider.System, _log).Run(stopping);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // A card that is full or cannot be written: the node comes in as it is.
            _log.Warning(BootStage.BootFiles, $"{failure.Message}. What is on the card goes on.");
        }
    }

    /// <summary>The node's tunnel is up.</summary>
    public void CameIn()
    {
        if (_second is not null)
        {
            _second.CameIn();
            return;
        }

        try
        {
            _cache.Change(record => record.CameIn(image: null, DateTimeOffset.UtcNow));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _log.Warning(BootStage.BootFiles, $"{failure.Message}. The card cannot remember that the node has come in.");
        }
    }

    private static string? Board() => JsonSerializer.Deserialize(File.ReadAllBytes(ImageInfo.Path), ProtocolJson.Default.ImageInfo)?.Board;
}

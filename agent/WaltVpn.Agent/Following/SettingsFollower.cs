using WaltVpn.Agent.Enrollment;
using WaltVpn.Agent.Startup;
using WaltVpn.Agent.Tunnel;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Following;

/// <summary>Asks the server for this node's settings at each start. Whatever goes wrong is said, and keeps the node from nothing.</summary>
internal sealed class SettingsFollower(FollowedSettings followed, string platform, StatePartition state, INodeLog log)
{
    /// <summary>A start waits no longer for settings; the tunnel matters more.</summary>
    private static readonly TimeSpan AtStart = TimeSpan.FromSeconds(60);

    /// <summary>Asks once, and takes what is told.</summary>
    /// <returns>The identity, with the newest certificate and VPN MAC that the server has for it.</returns>
    /// <exception cref="OperationCanceledException">The machine goes down.</exception>
    public async Task<NodeIdentity> Ask(NodeKey key, NodeIdentity identity, CancellationToken stopping)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        deadline.CancelAfter(AtStart);
        try
        {
            SshConfig.AddTunnel(key.PrivateKeyPath, identity);
            var answer = await new SettingsQuestion().Ask(followed.Ways, failure => log.Warning(BootStage.Settings, failure), deadline.Token);
            followed.CameIn(answer.Way);
            return followed.Take(answer, platform, identity.NodeId, key.PublicKey) ? Renew(key, identity, answer.Document) : identity;
        }
        catch (StageException failure)
        {
            log.Warning(BootStage.Settings, $"{failure.Message} Going on with those it has.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log.Warning(BootStage.Settings, $"{failure.Message}. Going on with the settings it has.");
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            log.Warning(BootStage.Settings, $"no settings within {AtStart.TotalSeconds:0} s. Going on with those it has.");
        }

        return identity;
    }

    private NodeIdentity Renew(NodeKey key, NodeIdentity identity, SettingsDocument document)
    {
        var renewed = identity with { Certificate = document.Certificate, VpnMac = document.VpnMac };
        if (renewed.VpnMac == identity.VpnMac && identity.Certificate.StartsWith(renewed.Certificate, StringComparison.Ordinal)) return identity;
        log.Info(BootStage.Settings, $"the server has another certificate or VPN MAC for this node; {identity.VpnMac} -> {renewed.VpnMac}");
        new StoredIdentity(platform, key.PublicKey, renewed).Write(state);
        return renewed;
    }
}

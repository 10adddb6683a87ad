using WaltVpn.Agent.Enrollment;
using WaltVpn.Agent.Startup;
using WaltVpn.Agent.Tunnel;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Following;

/// <summary>
/// Asks the server for this node's settings: when its tunnel is up, when it came back, when the server says that there is news, and from time to time. Whatever goes wrong is said, and keeps the
/// node from nothing.
/// </summary>
/// <remarks>Version 2 of the tunnel has a word for "your settings changed"; version 0 has none, so the node asks from time to time all the same.</remarks>
/// <param name="followed">Keeps what is taken.</param>
/// <param name="platform">The node's.</param>
/// <param name="state">Keeps the identity.</param>
/// <param name="told">Called with each document that was taken, also with one that is as before.</param>
/// <param name="log">Says what went wrong, and what is new.</param>
internal sealed class SettingsFollower(FollowedSettings followed, string platform, StatePartition state, Action<SettingsDocument> told, INodeLog log)
{
    /// <summary>A start waits no longer for settings; the tunnel matters more.</summary>
    private static readonly TimeSpan ForAll = TimeSpan.FromSeconds(60);
    // Of all nodes that lost the server, or heard of news, together, each asks when it likes.
    private static readonly TimeSpan TogetherWithOthers = TimeSpan.FromSeconds(30);

    /// <summary>The newest answer that this boot has taken; null: none.</summary>
    public SettingsAnswer? Taken { get; private set; }

    /// <summary>Asks once, and takes what is told.</summary>
    /// <param name="ways">Left at the one that answered.</param>
    /// <param name="key">The node's.</param>
    /// <param name="identity">The node's; ssh's configuration has it (<see cref="SshConfig.AddTunnel"/>).</param>
    /// <param name="stopping">The machine goes down.</param>
    /// <returns>The identity, with the newest certificate and VPN MAC that the server has for it.</returns>
    /// <exception cref="OperationCanceledException">The machine goes down.</exception>
    public async Task<NodeIdentity> Ask(EntrypointRotation ways, NodeKey key, NodeIdentity identity, CancellationToken stopping)
    {
        if (identity.NodeId.Length == 0)
        {
            log.Info(BootStage.Settings, "this node's certificate is by a server of WalT, which tells no settings here");
            return identity;
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        deadline.CancelAfter(ForAll);
        try
        {
            var answer = await new SettingsQuestion().Ask(ways, failure => log.Warning(BootStage.Settings, failure), deadline.Token);
            followed.CameIn(answer.Way);
            if (!followed.Take(answer, platform, identity.NodeId, key.PublicKey)) return identity;
            Taken = answer;
            told(answer.Document);
            return Renew(key, identity, answer.Document);
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
            log.Warning(BootStage.Settings, $"no settings within {ForAll.TotalSeconds:0} s. Going on with those it has.");
        }

        return identity;
    }

    /// <summary>
    /// Asks when the tunnel is up, which settings do not delay, and then again and again, until the machine goes down. The live tunnel is not touched:
    /// what is new is used from the next start on.
    /// </summary>
    /// <param name="key">The node's.</param>
    /// <param name="tunnel">Its.</param>
    /// <param name="taken">Called with each new answer that was taken.</param>
    /// <param name="stopping">The machine goes down.</param>
    public async Task Follow(NodeKey key, TunnelSupervisor tunnel, Func<SettingsAnswer, Task> taken, CancellationToken stopping)
    {
        using var news = new SemaphoreSlim(0, 1);
        tunnel.Rebuilt += Wake;
        tunnel.Told += Hear;
        NodeIdentity? latest = null;
        try
        {
            await tunnel.FirstUp.WaitAsync(stopping);
            // A board with an EEPROM has asked before.
            var isToldAlready = Taken is not null;
            while (true)
            {
                if (!isToldAlready)
                {
                    var before = Taken?.Digest;
                    var known = tunnel.Identity;
                    // Another VPN MAC is used from the next start on: what was stored since is not stored again. Else the tunnel's identity is the newest.
                    var identity = latest is { } stored && stored.NodeId == known.NodeId && stored.VpnMac != known.VpnMac ? stored : known;
                    latest = await Ask(new EntrypointRotation(followed.Ways), key, identity, stopping);
                    if (latest != identity && latest.VpnMac == known.VpnMac && tunnel.Identity == known) Renew(latest);
                    if (Taken is { } answer && answer.Digest != before) await taken(answer);
                }

                isToldAlready = false;
                if (await news.WaitAsync(Backoff.AtLeast(followed.AskAgainAfter), stopping)) await Task.Delay(Backoff.Within(TogetherWithOthers), stopping);
            }
        }
        finally
        {
            tunnel.Told -= Hear;
            tunnel.Rebuilt -= Wake;
        }

        void Renew(NodeIdentity renewed)
        {
            try
            {
                tunnel.Renew(key, renewed);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
            {
                log.Warning(BootStage.Settings, $"{failure.Message}. The tunnel keeps the certificate it has.");
            }
        }

        void Hear(TunnelControl word)
        {
            if (word.Kind == TunnelControl.SettingsChanged) Wake();
        }

        void Wake()
        {
            try
            {
                news.Release();
            }
            catch (SemaphoreFullException)
            {
                // It is about to ask already.
            }
        }
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

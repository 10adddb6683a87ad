using WaltVpn.Agent.Following;
using WaltVpn.Agent.Tunnel;
using WaltVpn.Eeprom;

namespace WaltVpn.Agent.Reconcile;

/// <summary>Asks the server that an EEPROM names, with the identity in it. The key stands in memory only, and goes with this.</summary>
internal sealed class NodeQuestion : IDisposable
{
    private readonly string _directory = $"/dev/shm/waltvpn-node-{Guid.NewGuid():n}";
    private readonly Reach _reach;
    private readonly Reach? _former;

    private NodeQuestion(StoredNode node, Reach reach, Reach? former)
    {
        (_reach, _former) = (reach, former);
        SshConfig.WriteForNode(node.Credentials!.PrivateKey, node.Credentials.Certificate, _directory);
        SshConfig.WriteHostKeys(reach.HostKeys, former?.HostKeys ?? [], _directory);
    }

    /// <summary>Prepares it.</summary>
    /// <param name="config">What the board has; <paramref name="node"/> was read from it.</param>
    /// <param name="previous">The image of before the last change, which the board has not confirmed; null: there is none.</param>
    /// <exception cref="StageException">The EEPROM does not say where the server is, or how it is recognised.</exception>
    public static NodeQuestion Prepare(BootConfig config, StoredNode node, EepromImage? previous)
    {
        if (node.ReachBy(config) is not { } reach)
        {
            throw new StageException(
                "the board's EEPROM names no SSH entrypoint with an Ed25519 or ECDSA host key; --trust-http takes the settings over plain HTTP, once.");
        }

        var before = previous is null ? null : BootConfig.Parse(previous.Read(EepromFiles.BootConfig));
        var former = before is not null && StoredNode.Read(before) is var other && other.Key == node.Key ? other.ReachBy(before) : null;
        return new NodeQuestion(node, reach, former is not null && former.IsSameAs(reach) ? null : former);
    }

    /// <summary>Asks on all ways, those of before the last change at the end.</summary>
    /// <exception cref="StageException">No way led to the server, or it does not let the node in.</exception>
    public Task<SettingsAnswer> Ask(Action<string> failed, CancellationToken stopping) =>
        Ask([.. _reach.Ways(WayIn.Current), .. _former?.Ways(WayIn.Former) ?? []], failed, stopping);

    /// <summary>Asks on the ways that the EEPROM names now.</summary>
    /// <exception cref="StageException">As <see cref="Ask(Action{string}, CancellationToken)"/>.</exception>
    public Task<SettingsAnswer> AskCurrent(Action<string> failed, CancellationToken stopping) => Ask([.. _reach.Ways(WayIn.Current)], failed, stopping);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private Task<SettingsAnswer> Ask(IReadOnlyList<WayIn> ways, Action<string> failed, CancellationToken stopping) =>
        new SettingsQuestion(_directory).Ask(new EntrypointRotation(ways), failed, stopping);
}

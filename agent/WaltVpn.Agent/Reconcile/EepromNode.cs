using System.Text;
using WaltVpn.Agent.Enrollment;
using WaltVpn.Agent.Following;
using WaltVpn.Agent.Startup;
using WaltVpn.Eeprom;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Reconcile;

/// <summary>A node whose settings and identity are in its EEPROM, in the form in which a card has them.</summary>
/// <param name="Settings">Without an enrolment key where the EEPROM has no <see cref="JoinToken"/>.</param>
/// <param name="Node">Who it is.</param>
/// <param name="Identity">The same, as a server gives it.</param>
internal sealed record EepromNode(NodeSettings Settings, StoredNode Node, NodeIdentity Identity)
{
    /// <summary>Reads it.</summary>
    /// <param name="config">What the board started with.</param>
    /// <exception cref="StageException">The board is no node, or its configuration is damaged; the message says what is missing.</exception>
    public static EepromNode Read(BootConfig config)
    {
        var node = StoredNode.Read(config);
        if (node is not { Credentials: { } credentials, Mac: { } mac, Key: not null })
            throw new StageException($"the board's EEPROM makes it no node: {node.Problem}.");
        if (node.ReachBy(config) is not { } reach)
            throw new StageException("the board's EEPROM names no SSH entrypoint, or no host key of it that this program takes (Ed25519, ECDSA).");
        var first = FindFirstSettings(config);
        var settings = new NodeSettings
        {
            Platform = credentials.Mark.Platform,
            SshEntrypoints = reach.Entrypoints,
            HostKeys = reach.HostKeys,
            EnrollmentKey = first?.EnrollmentKey ?? new Secret(""),
            EnrollmentToken = first?.EnrollmentToken,
        };
        var identity = new NodeIdentity
        {
            NodeId = node.NodeId ?? "",
            // As a server names a node that nobody has given another name.
            Name = $"node-{mac.ToString()[9..].Replace(":", "", StringComparison.Ordinal)}",
            VpnMac = mac,
            Certificate = credentials.Certificate.Trim(),
        };
        return new EepromNode(settings, node, identity);
    }

    /// <summary>What a board that is no node yet joins with; null: its EEPROM has nothing of that kind, or nothing that can be used.</summary>
    public static NodeSettings? FindFirstSettings(BootConfig config)
    {
        if (config.Find(JoinToken.Name) is not { } token) return null;
        try
        {
            return BootPartition.Parse(JoinToken.Unpack(token), JoinToken.Name);
        }
        catch (Exception damage) when (damage is EepromException or StageException)
        {
            return null;
        }
    }

    /// <summary>The newest settings it took, as far as the EEPROM knows.</summary>
    public LastSettings? Last => Node.Credentials!.Mark is { Number: > 0 } mark ? new LastSettings(mark.Platform, Identity.NodeId, mark.Number, "") : null;

    /// <summary>Lays key and identity where the stages look for them.</summary>
    /// <param name="state">In memory.</param>
    public void WriteTo(StatePartition state)
    {
        var key = Node.Credentials!.PrivateKey.Reveal().Trim() + "\n";
        NodeKey.Keep(state, Encoding.ASCII.GetBytes(key), Encoding.ASCII.GetBytes(Node.Key!.Line + "\n"));
        new StoredIdentity(Settings.Platform, Node.Key.Line, Identity).Write(state);
    }
}

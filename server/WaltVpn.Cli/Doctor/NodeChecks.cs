using WaltVpn.Protocol;

namespace WaltVpn.Cli.Doctor;

/// <summary>What the server's records say of one node, in the order in which it needs what they look at.</summary>
internal static class NodeChecks
{
    /// <param name="node">As the server sees it.</param>
    /// <param name="now">The time.</param>
    public static IEnumerable<HealthCheck> Of(NodeView node, DateTimeOffset now)
    {
        if (node.State != NodeState.Accepted || node.KeyRevoked)
        {
            yield return new HealthCheck("node", false, $"{node.Name} may not connect", Remedy(node));
            yield break;
        }

        yield return new HealthCheck("node", true, $"{node.Name} may connect");
        yield return new HealthCheck(
            "certificate",
            true,
            node.CertificateEnds > now ? $"good until {node.CertificateEnds:u}" : $"ended at {node.CertificateEnds:u}; the node gets the next one when it asks");
        if (node.Tunnel is not { } tunnel)
        {
            yield return node.LastSeen is { } last
                ? new HealthCheck("tunnel", false, $"down; the node was here last at {last:u}", "has it power and a way out? Is an SSH way in, above, closed to its site?")
                : new HealthCheck("tunnel", false, "down; the node was never here since it was accepted", "it gets its certificate when it asks next: is it switched on, does its site let SSH out?");
            yield break;
        }

        yield return new HealthCheck("tunnel", true, $"up since {tunnel.Since:u} on {tunnel.Tap}");
        yield return tunnel.Addresses.Count > 0
            ? new HealthCheck("address", true, string.Join(", ", tunnel.Addresses))
            : new HealthCheck(
                "address", false, "no DHCP server of the platform gave the node an address through this tunnel", $"is the platform's DHCP server on the bridge? Watch it: tcpdump -ni {tunnel.Tap} port 67");
        yield return tunnel.FramesRefused == 0
            ? new HealthCheck("frames", true, $"{tunnel.FramesFromNode} from the node, {tunnel.FramesToNode} to it")
            : new HealthCheck(
                "frames", true, $"{tunnel.FramesRefused} of the node's were refused: it used addresses that are not its own (normal: a few at its start; docs/protocol.md \"Address rules\")");
    }

    private static string Remedy(NodeView node) => node switch
    {
        { KeyRevoked: true } => "its key is void for ever. For the board to join again, write the image to its card once more",
        { State: NodeState.Disabled } => $"it is disabled: waltvpn node enable {node.Name}",
        { State: NodeState.Forgotten } => "it is forgotten: when its board asks again, accept it: waltvpn monitor",
        _ => "its key was revoked. For the board to join again, write the image to its card once more",
    };
}

namespace WaltVpn.Linux;

/// <summary>A list of rules of nf_tables, asked one after the other until one decides.</summary>
/// <param name="Name">Its name in the table.</param>
/// <param name="Rules">In their order. A frame that no rule decides goes on: a chain that is to drop the rest ends with a rule that does.</param>
public sealed record NftChain(string Name, IReadOnlyList<NftRule> Rules)
{
    /// <summary>
    /// The kernel asks this chain about each frame that enters a bridge through a port, before the bridge looks at it. Others are reached by a rule.
    /// </summary>
    public bool AtBridgePorts { get; init; }
}

using WaltVpn.Agent.Following;
using WaltVpn.Agent.Startup;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Reconcile;

/// <summary>Where a node's first settings and its identity are: on the card it started from, or, without one, in its EEPROM.</summary>
/// <param name="Settings">How it finds its server.</param>
/// <param name="State">What it keeps; in memory where there is no card.</param>
/// <param name="Memory">What the EEPROM remembers beside them; null: they are on the card.</param>
internal sealed record NodeHome(NodeSettings Settings, StatePartition State, EepromMemory? Memory)
{
    private const string InMemory = "/run/walt-vpn/eeprom-state";

    /// <summary>Finds them.</summary>
    /// <param name="eeprom">The board's; null: it has none.</param>
    /// <exception cref="StageException">Nowhere (yet).</exception>
    public static NodeHome Find(BoardEeprom? eeprom) => eeprom is { StartedFromNetwork: true } ? FindWithoutCard(eeprom) : OnCard();

    private static NodeHome OnCard() => new(BootPartition.ReadSettings(), StatePartition.Mount(), null);

    /// <summary>A board that came over the network goes by its EEPROM; one whose EEPROM has no node may still have a card in it.</summary>
    private static NodeHome FindWithoutCard(BoardEeprom eeprom)
    {
        EepromNode node;
        try
        {
            node = eeprom.ReadNode();
        }
        catch (StageException nobody)
        {
            if (eeprom.FindFirstSettings() is { } first) return new NodeHome(first, StatePartition.InMemory(InMemory), new EepromMemory(null, null));
            if (Volume.Find(BootPartition.Label) is not null) return OnCard();
            throw new StageException($"this board started over the network, and has no card of ours. {nobody.Message}", nobody);
        }

        var state = StatePartition.InMemory(InMemory);
        node.WriteTo(state);
        return new NodeHome(node.Settings, state, eeprom.Remember(node));
    }
}

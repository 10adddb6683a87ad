namespace WaltVpn.Agent.Following;

/// <summary>What a node whose settings are in its EEPROM remembers beside them.</summary>
/// <param name="Former">How the server was reached before the last change, while the node has not come in with that; null: not known, or the same.</param>
/// <param name="Last">Of the newest settings that were taken; null: they had no number.</param>
internal sealed record EepromMemory(Reach? Former, LastSettings? Last);

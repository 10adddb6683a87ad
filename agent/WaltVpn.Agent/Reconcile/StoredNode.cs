using WaltVpn.Agent.Following;
using WaltVpn.Agent.OpenSsh;
using WaltVpn.Eeprom;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Reconcile;

/// <summary>Who a board is by its own configuration. Damage is no error here: such a board has no identity, and gets a new one.</summary>
/// <param name="Mac">VPN MAC address; null when it has none, or an unreadable one.</param>
/// <param name="Credentials">Whole, and the certificate is for the private key; else null.</param>
/// <param name="Key">Public half of the key in them.</param>
/// <param name="Problem">Why there are no credentials; for the log, without secrets.</param>
internal sealed record StoredNode(MacAddress? Mac, VpnCredentials? Credentials, SshPublicKey? Key, string Problem)
{
    /// <summary>The node that it is by a server of ours; null: another server's.</summary>
    public string? NodeId => NodeCertificate.TryParse(Credentials?.Certificate ?? "", out var certificate) ? certificate.NodeId : null;

    /// <summary>How this node gets to its server; null when the configuration does not say where it is, or how it is recognised.</summary>
    /// <param name="config">What this was read from.</param>
    public Reach? ReachBy(BootConfig config)
    {
        var known = KnownHosts.ReadStored(Credentials?.KnownHosts ?? "", []);
        string[] keys = [.. known.Select(key => $"{key.Type} {key.Key}").Where(HostKeyLine.IsUsable).Distinct()];
        string[] places = [.. VpnVariables.EntrypointsOf(config).Select(place => place.ToString())];
        return keys.Length > 0 && places.Length > 0 ? new Reach(places, keys) : null;
    }

    /// <summary>Looks at a configuration; never fails.</summary>
    public static StoredNode Read(BootConfig config)
    {
        MacAddress? mac = MacAddress.TryParse(config.Find(VpnVariables.MacName), out var address) ? address : null;
        if (config.Find(VpnVariables.CredentialsName) is not { Length: > 0 } packed) return Nobody("the board is no node yet");
        if (mac is null) return Nobody($"it has {VpnVariables.CredentialsName} and no {VpnVariables.MacName} that can be read");
        try
        {
            var credentials = VpnCredentials.Unpack(packed);
            if (!SshPublicKey.TryReadFrom(credentials.PrivateKey, out var key)) return Nobody("its private key is damaged, or of a kind that nodes do not use");
            if (!NodeCertificate.TryParse(credentials.Certificate, out var certificate)) return Nobody("its certificate is damaged");
            return certificate.Key == key ? new StoredNode(mac, credentials, key, "") : Nobody("its certificate is not for its private key");
        }
        catch (EepromException damage)
        {
            return Nobody(damage.Message);
        }

        StoredNode Nobody(string problem) => new(mac, null, null, problem);
    }
}

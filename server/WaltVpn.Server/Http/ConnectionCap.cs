using System.Net;
using Microsoft.AspNetCore.Connections;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Http;

/// <summary>
/// Bounds the connections of one TCP face, in total, of one address and of its prefix (docs/security.md HTTP-6): strangers use up neither the daemon nor
/// what nodes need to log in. One beyond is closed at once, unread.
/// </summary>
internal sealed class ConnectionCap(ServerSettings settings, Refusals refusals)
{
    private readonly Dictionary<IPNetwork, int> _open = [];
    private int _all;

    /// <summary>Serves the connection, or closes it.</summary>
    public async Task Serve(ConnectionContext connection, ConnectionDelegate serve)
    {
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        var (machine, site) = (CallerPrefix.Machine(address), CallerPrefix.Site(address));
        if (Fault(address, machine, site) is { } fault)
        {
            refusals.Say(address, fault);
            return;
        }

        try
        {
            await serve(connection);
        }
        finally
        {
            lock (_open)
            {
                _all--;
                Count(machine, -1);
                Count(site, -1);
            }
        }
    }

    /// <summary>Lets it in, or says what it is too much for.</summary>
    private string? Fault(IPAddress address, IPNetwork machine, IPNetwork site)
    {
        var most = settings.HttpLimits.ConnectionsOfOneAddress;
        var isProxy = Proxies.Trusts(settings, address);
        lock (_open)
        {
            if (_all >= settings.HttpLimits.Connections) return $"{_all} connections of everybody are open";
            if (!isProxy && _open.GetValueOrDefault(machine) >= most) return $"{most} connections of it are open (http.connectionsOfOneAddress)";
            if (!isProxy && _open.GetValueOrDefault(site) >= 2 * most) return $"{2 * most} connections of {site} are open (twice http.connectionsOfOneAddress)";
            _all++;
            Count(machine, 1);
            Count(site, 1);
            return null;
        }
    }

    private void Count(IPNetwork of, int change)
    {
        if ((_open[of] = _open.GetValueOrDefault(of) + change) == 0) _open.Remove(of);
    }
}

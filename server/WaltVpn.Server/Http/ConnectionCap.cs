using System.Net;
using Microsoft.AspNetCore.Connections;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Http;

/// <summary>
/// Bounds the connections of the TCP faces, in total and of one address (docs/security.md HTTP-6): strangers use up neither the daemon nor what nodes
/// need to log in. One beyond is closed at once, unread.
/// </summary>
internal sealed class ConnectionCap(ServerSettings settings)
{
    private readonly Dictionary<IPNetwork, int> _ofMachines = [];
    private int _all;

    /// <summary>Serves the connection, or closes it.</summary>
    public async Task Serve(ConnectionContext connection, ConnectionDelegate serve)
    {
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        var machine = CallerPrefix.Machine(address);
        if (!TryEnter(address, machine)) return;
        try
        {
            await serve(connection);
        }
        finally
        {
            Leave(machine);
        }
    }

    private bool TryEnter(IPAddress address, IPNetwork machine)
    {
        lock (_ofMachines)
        {
            var open = _ofMachines.GetValueOrDefault(machine);
            if (_all >= settings.HttpLimits.Connections) return false;
            if (open >= settings.HttpLimits.ConnectionsOfOneAddress && !Proxies.Trusts(settings, address)) return false;
            _all++;
            _ofMachines[machine] = open + 1;
            return true;
        }
    }

    private void Leave(IPNetwork machine)
    {
        lock (_ofMachines)
        {
            _all--;
            if (--_ofMachines[machine] == 0) _ofMachines.Remove(machine);
        }
    }
}

using System.Text;

namespace WaltVpn.Agent.Network;

/// <summary>resolv.conf(5): the name servers of the network that carries the tunnel.</summary>
internal static class ResolvConf
{
    private const string FilePath = "/etc/resolv.conf";

    /// <summary>Replaces the file in one step: a name look-up under way reads the old or the new.</summary>
    public static void Write(DhcpLease lease)
    {
        File.WriteAllText(FilePath + ".new", Text(lease));
        File.Move(FilePath + ".new", FilePath, overwrite: true);
    }

    /// <summary>The file's text; two tries of two seconds per server, so that a dead one delays a connection little.</summary>
    internal static string Text(DhcpLease lease)
    {
        var text = new StringBuilder("options timeout:2 attempts:2\n");
        if (lease.Domain is not null) text.Append("search ").Append(lease.Domain).Append('\n');
        foreach (var server in lease.NameServers) text.Append("nameserver ").Append(server).Append('\n');
        return text.ToString();
    }
}

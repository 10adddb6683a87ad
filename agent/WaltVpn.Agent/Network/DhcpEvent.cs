using System.Collections;
using System.Net.Sockets;
using System.Text;

namespace WaltVpn.Agent.Network;

/// <summary>The agent as udhcpc's event script: passes the event and its variables on to the agent that started udhcpc.</summary>
/// <param name="Kind">udhcpc's word: deconfig, bound, renew, nak, leasefail.</param>
/// <param name="Variables">What udhcpc put into the script's environment.</param>
internal sealed record DhcpEvent(string Kind, IReadOnlyDictionary<string, string> Variables)
{
    /// <summary>Name under which udhcpc runs the agent's executable.</summary>
    public const string ProgramName = "dhcp-event";

    /// <summary>Environment variable with the path of the listening agent's datagram socket.</summary>
    public const string SocketVariable = "WALTVPN_DHCP_SOCKET";

    /// <summary>An event is far smaller: a DHCP message has at most 576 bytes here.</summary>
    public const int MaxLength = 16 * 1024;

    /// <summary>The script's work: sends one datagram.</summary>
    /// <param name="kind">udhcpc's first argument.</param>
    /// <returns>Exit status.</returns>
    public static int Send(string kind)
    {
        var variables = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? "");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(variables[SocketVariable]));
        socket.Send(new DhcpEvent(kind, variables).ToDatagram());
        return 0;
    }

    /// <summary>The event as bytes: the kind, then NAME=value, each ended by a zero byte.</summary>
    public byte[] ToDatagram()
    {
        var parts = Variables.Select(entry => $"{entry.Key}={entry.Value}").Prepend(Kind);
        return Encoding.UTF8.GetBytes(string.Concat(parts.Select(part => part + "\0")));
    }

    /// <summary>Reads <see cref="ToDatagram"/>'s bytes.</summary>
    public static DhcpEvent FromDatagram(ReadOnlySpan<byte> datagram)
    {
        var parts = Encoding.UTF8.GetString(datagram).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        var variables = new Dictionary<string, string>();
        foreach (var part in parts.Skip(1))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0) variables[part[..equals]] = part[(equals + 1)..];
        }

        return new DhcpEvent(parts.FirstOrDefault() ?? "", variables);
    }
}

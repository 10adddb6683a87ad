using System.Net.Sockets;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Http;

/// <summary>Decides by the kernel's word who may speak on which UNIX socket; file modes are the first fence, this the second.</summary>
internal sealed class PeerGate
{
    private readonly uint _own;
    private readonly uint _sshUser;
    private readonly uint _operators;
    private readonly ILogger _log;

    private PeerGate(uint own, uint sshUser, uint operators, ILogger log)
    {
        (_own, _sshUser, _operators, _log) = (own, sshUser, operators, log);
    }

    /// <summary>Looks the accounts up, once.</summary>
    /// <exception cref="IOException">One does not exist.</exception>
    public static async Task<PeerGate> Open(ServerSettings settings, ILogger log, CancellationToken cancel) => new(
        Account.Own(),
        await Account.NumberOf("passwd", settings.SshUser, cancel),
        await Account.NumberOf("group", settings.OperatorGroup, cancel),
        log);

    /// <summary>Enrolment and login: root, and the user sshd runs the helpers as.</summary>
    public bool AdmitsSshHelper(Socket socket) => Admits(socket, Peer.UserIdOf(socket) == _sshUser);

    /// <summary>Administration: root, the daemon's own user, members of the operators' group.</summary>
    public bool AdmitsOperator(Socket socket) => Admits(socket, Peer.UserIdOf(socket) == _own || Peer.GroupsOf(socket).Contains(_operators));

    private bool Admits(Socket socket, bool byRule)
    {
        var user = Peer.UserIdOf(socket);
        if (user == 0 || byRule) return true;
        _log.StrangerRefused(user, socket.LocalEndPoint?.ToString() ?? "");
        return false;
    }
}

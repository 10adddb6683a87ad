using System.Text;
using WaltVpn.Hub.Login;
using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Hub.Connect;

/// <summary><c>waltvpn-hub connect TICKET</c>: the forced command of a node's SSH session. What the node asked for is in SSH_ORIGINAL_COMMAND.</summary>
/// <remarks>The whole text is compared with a closed list (docs/security.md SSH-4); it reaches no argument vector and no shell.</remarks>
internal static class ConnectCommand
{
    private static readonly TimeSpan ForRefusal = TimeSpan.FromSeconds(2);

    /// <param name="arguments">The ticket, then options.</param>
    /// <returns>Exit status, which ssh gives to the node.</returns>
    public static int Run(Arguments arguments)
    {
        var ticket = arguments.Word("the ticket");
        var runtime = arguments.Option("runtime-directory", Defaults.RuntimeDirectory);
        var loginSocket = arguments.Option("login-socket", Defaults.LoginSocket);
        arguments.ExpectEnd();
        // sshd leaves the variable out when the node asked for no command.
        return Find(Environment.GetEnvironmentVariable("SSH_ORIGINAL_COMMAND") ?? TunnelCommand.Version0) switch
        {
            null => Refuse(),
            TunnelCommand.Version0 => Tunnel(new TunnelRequest(ticket, Version2: false), Path.Combine(runtime, "connect.sock")),
            TunnelCommand.Version2 => Tunnel(new TunnelRequest(ticket, Version2: true), Path.Combine(runtime, "connect.sock")),
            var question => Ask(question, ticket, loginSocket),
        };
    }

    /// <summary>The command of the closed list that equals the whole text; null when none does.</summary>
    internal static string? Find(string text) => text switch
    {
        TunnelCommand.Version0 => TunnelCommand.Version0,
        TunnelCommand.Version2 => TunnelCommand.Version2,
        TunnelCommand.CheckInWaltNet => TunnelCommand.CheckInWaltNet,
        TunnelCommand.GetServerHostname => TunnelCommand.GetServerHostname,
        TunnelCommand.Settings => TunnelCommand.Settings,
        _ => null,
    };

    private static int Tunnel(TunnelRequest request, string connectSocket)
    {
        using var socket = UnixSocket.Connect(connectSocket);
        DescriptorPassing.Send(socket, Encoding.ASCII.GetBytes(request.ToString()), FileDescriptor.Inherited(0), FileDescriptor.Inherited(1));
        // A refusal comes at once. Then the hub is silent while the tunnel lives, says why it ended, and closes.
        using var news = new Poll((socket, PollEvents.POLLIN));
        if (news.Wait(ForRefusal)) return Tell(socket);
        // Waiting for that one line as cat costs a fifth of the memory, and a server has one such process per node.
        Exec.Replace("/bin/cat", [], socket, FileDescriptor.Inherited(2));
        return ExitCode.Failure;
    }

    private static int Tell(FileDescriptor socket)
    {
        var reason = new byte[512];
        var length = socket.Read(reason);
        var text = Encoding.UTF8.GetString(reason, 0, length).TrimEnd('\n');
        Log.Plain($"waltvpn-hub: {(length > 0 ? text : "ended: the hub is gone")}");
        return text.StartsWith("ended: ", StringComparison.Ordinal) ? ExitCode.Success : ExitCode.Failure;
    }

    private static int Ask(string command, string ticket, string loginSocket)
    {
        // "<client address> <client port> <server address> <server port>", set by sshd.
        var client = Environment.GetEnvironmentVariable("SSH_CONNECTION")?.Split(' ')[0];
        var question = new LoginRequest
        {
            Kind = LoginKind.Command,
            Command = command,
            ClientAddress = client,
            // WalT's questions have the same answer for every node.
            Ticket = command == TunnelCommand.Settings ? ticket : null,
        };
        if (LoginSocket.Ask(loginSocket, question) is not { } answer) return ExitCode.Failure;
        if (answer.Error is { } reason) Log.Plain($"waltvpn-hub: {reason}");
        if (answer.Output is { } output) FileDescriptor.Inherited(1).Write(Encoding.UTF8.GetBytes(output.TrimEnd('\n') + "\n"));
        return answer.Allowed ? ExitCode.Success : ExitCode.Failure;
    }

    private static int Refuse()
    {
        Log.Plain("waltvpn-hub: this command is not one of those a node may ask for");
        return ExitCode.Failure;
    }
}

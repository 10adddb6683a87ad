using System.Text;
using WaltVpn.Hub;
using WaltVpn.Hub.Connect;
using WaltVpn.Hub.Enrollment;
using WaltVpn.Hub.Login;
using WaltVpn.Hub.Serve;
using WaltVpn.Linux;

const string Help = """
    waltvpn-hub: the tunnels of a WaltVpn server

    waltvpn-hub serve [--bridge walt-net] [--runtime-directory /run/waltvpn-hub] [--state-directory /var/lib/waltvpn-hub]
                      [--connect-user walt-vpn] [--control-user waltvpn] [--kernel-filter on] [--dead-after 15]
        Moves the frames of all nodes, until SIGTERM. Needs CAP_NET_ADMIN. --kernel-filter off: on a kernel without nf_tables for bridges.
        --dead-after: seconds, 3 to 60, after which a node of tunnel version 2 that says nothing is taken for dead.

    Called by sshd for the user walt-vpn:
    waltvpn-hub authorize-certificate KEY-ID SERIAL BASE64 [--login-socket PATH] [--runtime-directory PATH]
    waltvpn-hub authorize-key TYPE BASE64 [--login-socket PATH] [--enroll-socket PATH]
    waltvpn-hub connect TICKET [--runtime-directory PATH] [--login-socket PATH]
    waltvpn-hub enroll [--enroll-socket PATH]

    Example, in the foreground on a test machine:
        sudo waltvpn-hub serve --bridge br0 --runtime-directory /run/hub --state-directory /run/hub --connect-user root --control-user root

    Exit status: 0 done, 1 refused or failed, 2 the command line makes no sense.

    """;

if (args is [] or ["--help"] or ["-h"] or ["help"] or [_, "--help"])
{
    FileDescriptor.Inherited(args.Length == 0 ? 2 : 1).Write(Encoding.UTF8.GetBytes(Help));
    return args.Length == 0 ? ExitCode.Usage : ExitCode.Success;
}

try
{
    var arguments = new Arguments(args.AsSpan(1));
    return args[0] switch
    {
        "serve" => ServeCommand.Run(arguments),
        "connect" => ConnectCommand.Run(arguments),
        "authorize-certificate" => AuthorizeCertificateCommand.Run(arguments),
        "authorize-key" => AuthorizeKeyCommand.Run(arguments),
        "enroll" => EnrollCommand.Run(arguments),
        _ => throw new UsageException($"there is no command '{args[0]}'"),
    };
}
catch (UsageException usage)
{
    Log.Plain($"waltvpn-hub: {usage.Message}. See waltvpn-hub --help");
    return ExitCode.Usage;
}
#pragma warning disable CA1031 // The last place to catch: say what happened and end; systemd or the node starts again.
catch (Exception failure)
#pragma warning restore CA1031
{
    Log.Plain(failure is IOException or UnauthorizedAccessException ? $"waltvpn-hub: {failure.Message}" : $"waltvpn-hub: internal error: {failure}");
    return ExitCode.Failure;
}

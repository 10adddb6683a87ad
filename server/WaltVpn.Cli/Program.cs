using System.CommandLine;
using WaltVpn.Cli;
using WaltVpn.Cli.Backup;
using WaltVpn.Cli.Config;
using WaltVpn.Cli.Doctor;
using WaltVpn.Cli.Entrypoints;
using WaltVpn.Cli.Manual;

var global = new GlobalOptions();
var root = new RootCommand(
    """
    Administers a WaltVpn server through its administration socket.

    Examples:
      waltvpn monitor                       accept or deny boards as they ask
      waltvpn request list                  who asked
      waltvpn request accept 3              make a node of request 3
      waltvpn node list -o json             all nodes, for a program
      waltvpn node disable node-3fa2c1      keep a node out, until: waltvpn node enable node-3fa2c1
      waltvpn node revoke node-3fa2c1       void a node's key for ever
      waltvpn node timeline node-3fa2c1     how far its boot came, and what it waited for
      waltvpn node log node-3fa2c1 -f       what it says, from its first second on
      waltvpn node blink node-3fa2c1        which of these boards is it?
      waltvpn token create --uses 20        boards that bring it join without waiting for you
      waltvpn audit list                    who decided what, and when
      waltvpn config show                   the server's settings; also get, set, edit, check
      waltvpn setup                         the questions of a first installation
      waltvpn setup-node --output node.yaml settings for waltvpn-image
      waltvpn setup-http --for nginx        a site file for the web server boards boot from
      waltvpn setup-proxy                   a script that makes a machine an SSH entrypoint
      waltvpn doctor node-3fa2c1            what is broken, when a node does not come up
      waltvpn entrypoint test ssh           do the ways in lead to this server?
      waltvpn boot publish --board rpi-5-b boot.img
                                            sign an image; boards boot it next
      waltvpn backup create FILE            all that this server is, in one encrypted file

    Commands that print data take -o json, yaml, name, wide or table (the default).

    Exit status: 0 ok, 1 failed, 2 wrong usage, 3 not found, 4 refused, 5 server not reachable,
    10 done, but something that follows from it is not yet, 130 interrupted.
    """)
{
    global.Socket,
    MonitorCommand.Create(global),
    RequestCommands.Create(global),
    NodeCommands.Create(global),
    TokenCommands.Create(global),
    AuditCommands.Create(global),
    DoctorCommand.Create(global),
    ConfigCommands.Create(global),
    SetupCommand.Create(global),
    SetupNodeCommand.Create(global),
    SetupHttpCommand.Create(global),
    SetupProxyCommand.Create(global),
    EntrypointCommands.Create(global),
    BootCommands.Create(global),
    BackupCommands.Create(global),
    ManualCommands.Completion(),
    ManualCommands.Man(),
};

var arguments = root.Parse(args);
if (arguments.Errors.Count > 0)
{
    foreach (var line in UsageError.Lines(arguments)) Console.Error.WriteLine(TerminalText.Plain(line));
    return (int)ExitCode.Usage;
}

try
{
    return await arguments.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (CliException e)
{
    Console.Error.WriteLine($"waltvpn: {TerminalText.Plain(e.Message)}");
    return (int)e.ExitCode;
}
catch (OperationCanceledException)
{
    return (int)ExitCode.Interrupted;
}

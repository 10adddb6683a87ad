using System.Net;
using WaltVpn.Agent.Network;
using WaltVpn.Agent.Reconcile;

namespace WaltVpn.Agent;

/// <summary>
/// One executable, four duties: init of the node's initramfs, the node process it starts, udhcpc's event script, and, in an operating system,
/// <c>reconcile</c>.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        var name = OwnName();
        if (Path.GetFileName(name) == DhcpEvent.ProgramName && arguments is [var kind, ..]) return DhcpEvent.Send(kind);
        if (Environment.ProcessId == 1) return Init.Run();
        if (arguments is [NodeProcess.Argument, .. var how] && name.StartsWith('@'))
            return Boot.Run(how is [Boot.HandedOff, var server] ? IPAddress.Parse(server) : null);

        if (arguments is ["reconcile", .. var words])
        {
            return ReconcileCommand.Run(words, "/", TimeProvider.System, Console.Out, Console.Error).GetAwaiter().GetResult();
        }

        var isHelp = arguments is ["--help" or "-h"];
        (isHelp ? Console.Out : Console.Error).WriteLine("""
            waltvpn-agent is the init of a WaltVpn image: the kernel starts it, nobody else does.
            To make an image that holds it: waltvpn-image sd --help
            To make a board's EEPROM follow the server's settings: waltvpn-agent reconcile --help
            """);
        return isHelp ? 0 : 2;
    }

    // Environment.GetCommandLineArgs begins with the name that was called only in a program compiled ahead of time; with a runtime, the test agent's, it
    // is where the file lies.
    private static string OwnName() => File.ReadAllText("/proc/self/cmdline").Split('\0')[0];
}

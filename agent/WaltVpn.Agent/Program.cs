using WaltVpn.Agent.Network;

namespace WaltVpn.Agent;

/// <summary>One executable, two duties: init of the node's initramfs, and udhcpc's event script.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        if (Path.GetFileName(Environment.GetCommandLineArgs()[0]) == DhcpEvent.ProgramName && arguments is [var kind, ..]) return DhcpEvent.Send(kind);
        if (Environment.ProcessId == 1) return Boot.Run();
        Console.Error.WriteLine("""
            waltvpn-agent is the init of a WaltVpn image: the kernel starts it, nobody else does.
            To make an image that holds it: waltvpn-image sd --help
            """);
        return 2;
    }
}

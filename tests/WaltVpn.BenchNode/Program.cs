// A node's end of the tunnel for scripts/bench tunnel, as the agent has it: bench-node VERSION MAC PROGRAM ARGUMENT...
// Makes the TAP walt-vpn in the network it runs in, starts the program (ssh, with all its arguments) and pumps between the two until it is ended.
using WaltVpn.Linux;
using WaltVpn.Protocol;
using WaltVpn.Tunnel;

const string Interface = "walt-vpn";
const int PipeSize = 1 << 20;

if (args is not [var version and ("0" or "2"), var macText, var program, ..] || !MacAddress.TryParse(macText, out var mac))
{
    await Console.Error.WriteLineAsync("bench-node: needs VERSION (0 or 2) MAC PROGRAM ARGUMENT...; see scripts/bench");
    return 2;
}

using var tap = Tap.Open(Interface, frames: TapFrames.WithHeader);
using (var kernel = new Rtnetlink())
{
    var bytes = new byte[MacAddress.Length];
    mac.CopyTo(bytes);
    kernel.SetMacAddress(Interface, bytes);
    kernel.SetMtu(Interface, TunnelFrame.Mtu);
    kernel.LinkUp(Interface);
}

var (input, output) = (FileDescriptor.Pipe(), FileDescriptor.Pipe());
(input.Writer.PipeSize, output.Reader.PipeSize) = (PipeSize, PipeSize);
var ssh = ChildProcess.Start(program, args[3..], ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], input.Reader, output.Writer, FileDescriptor.Inherited(2));
input.Reader.Dispose();
output.Writer.Dispose();

using var pump = FramePump.Prepare(tap, output.Reader, input.Writer, new TunnelOptions { Role = TunnelRole.Node, Version2 = version == "2" });
pump.Switched += () =>
{
    Tap.SetLargeFrames(tap, pump.Conversation.SendsLargeFrames);
    Console.WriteLine($"version {pump.Conversation.Version}");
};
var end = await pump.Start().Completion;
await Console.Error.WriteLineAsync($"bench-node: {end.Reason}");
await ssh.Exited;
return 1;

using System.Globalization;
using System.Net;
using Shouldly;
using WaltVpn.Linux;

namespace WaltVpn.Tunnel.Tests.Namespaces;

/// <summary>A node with a kernel of its own behind it: a TAP in a network namespace, pumped by <see cref="FramePump"/> into its stream to the hub.</summary>
internal sealed class KernelNode : IDisposable
{
    private const string Interface = "walt-vpn";
    private static int _count;
    private readonly string _space = string.Create(CultureInfo.InvariantCulture, $"far{Interlocked.Increment(ref _count)}");
    private readonly FileDescriptor _tap;

    private KernelNode(NodeEnd end, FileDescriptor tap, FramePump pump) => (End, _tap, Pump) = (end, tap, pump);

    public NodeEnd End { get; }

    public FramePump Pump { get; }

    /// <summary>Makes the TAP and starts the pump; the address is the one IPv6 gives it.</summary>
    public static async Task<KernelNode> Start(NodeEnd end, bool version2)
    {
        var tap = Tap.Open("far-tap", frames: TapFrames.WithHeader);
        var options = new TunnelOptions { Role = TunnelRole.Node, Version2 = version2, Patience = TimeSpan.FromMilliseconds(200) };
        var pump = FramePump.Prepare(tap, end.Stream, end.Stream, options);
        pump.Switched += () => Tap.SetLargeFrames(tap, pump.Conversation.SendsLargeFrames);
        var node = new KernelNode(end, tap, pump);
        await Tools.Run("ip", "netns", "add", node._space);
        await Tools.Run("ip", "link", "set", "far-tap", "address", end.Mac.ToString());
        await Tools.Run("ip", "link", "set", "far-tap", "netns", node._space, "name", Interface);
        await node.Run("sysctl", "-qw", $"net.ipv6.conf.{Interface}.accept_dad=0");
        await node.Run("ip", "link", "set", Interface, "mtu", "1500", "up");
        await node.Run("ip", "link", "set", "lo", "up");
        pump.Start();
        return node;
    }

    /// <summary>Its link-local address.</summary>
    public IPAddress Address => IPAddress.Parse(Packets.LinkLocal(End.MacBytes));

    /// <summary>How this node writes an address of the other side.</summary>
    public static string Text(IPAddress other) => $"[{new IPAddress(other.GetAddressBytes())}%{Interface}]";

    /// <summary>Runs a program in the node's network.</summary>
    public Task<string> Run(string program, params string[] arguments) => Tools.Run("ip", ["netns", "exec", _space, program, .. arguments]);

    public void Dispose()
    {
        Pump.Dispose();
        _tap.Dispose();
        End.Dispose();
        Tools.Run("ip", "netns", "delete", _space).Wait(TimeSpan.FromSeconds(20)).ShouldBeTrue();
    }
}

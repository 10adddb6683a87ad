using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Tunnel.Tests.Namespaces;

/// <summary>Writes to a port that the hub made, past its relay.</summary>
internal static class NodePort
{
    private static readonly byte[] s_plain = new byte[TunnelRecord.FrameHeaderLength];

    /// <summary>A whole frame with its checksum.</summary>
    public static void WriteFrame(this FileDescriptor tap, byte[] frame) => tap.Write([.. s_plain, .. frame]);
}

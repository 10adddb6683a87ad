using System.Buffers.Binary;

namespace WaltVpn.Hub.Rules;

/// <summary>ARP (RFC 826): the sender is the node itself, at an address of its own; or it probes whether one of its own is free (RFC 5227).</summary>
internal sealed class ArpRules(ulong mac, NodeAddresses addresses)
{
    private const int Length = 28;
    private const ulong EthernetForIpv4 = 0x0001_0800_06_04;
    private const ushort Request = 1;
    private const ushort Reply = 2;

    public FrameVerdict Judge(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < Length) return FrameVerdict.Malformed;
        // Hardware type 1, protocol 0x0800, lengths 6 and 4; then the operation.
        var kind = ((ulong)BinaryPrimitives.ReadUInt32BigEndian(packet) << 16) | BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);
        var operation = BinaryPrimitives.ReadUInt16BigEndian(packet[6..]);
        if (kind != EthernetForIpv4 || operation is not (Request or Reply)) return FrameVerdict.Malformed;
        if (AddressRules.Mac(packet[8..]) != mac) return FrameVerdict.ForeignArp;
        var sender = BinaryPrimitives.ReadUInt32BigEndian(packet[14..]);
        // A probe for another's address would make that one give it up. What was just acknowledged is the node's own already.
        var isAbout = sender == 0 && operation == Request ? BinaryPrimitives.ReadUInt32BigEndian(packet[24..]) : sender;
        return addresses.Contains(isAbout) ? FrameVerdict.Pass : FrameVerdict.ForeignArp;
    }
}

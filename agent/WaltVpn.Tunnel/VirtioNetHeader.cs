using System.Buffers.Binary;

namespace WaltVpn.Tunnel;

/// <summary>What stands in front of a frame of a TAP with headers: what the network card is to do with it. linux/virtio_net.h; little-endian.</summary>
/// <param name="Flags">What of the checksum is still to be done.</param>
/// <param name="Segmentation">Into what the frame is to be cut.</param>
/// <param name="HeaderLength">Bytes of all headers, which each segment gets.</param>
/// <param name="SegmentSize">Bytes of payload of each segment.</param>
/// <param name="ChecksumStart">Where the checksum begins to count, bytes from the start of the frame.</param>
/// <param name="ChecksumOffset">Where it goes, bytes from there.</param>
public readonly record struct VirtioNetHeader(
    ChecksumState Flags, Segmentation Segmentation, int HeaderLength, int SegmentSize, int ChecksumStart, int ChecksumOffset)
{
    /// <summary>A whole frame with its checksum, as any network card sends it.</summary>
    public bool IsPlain => Flags != ChecksumState.Needed && Segmentation == Segmentation.None;

    /// <summary>Reads ten bytes.</summary>
    public static VirtioNetHeader Read(ReadOnlySpan<byte> bytes) => new(
        (ChecksumState)bytes[0],
        (Segmentation)bytes[1],
        BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]),
        BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]),
        BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]),
        BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]));

    /// <summary>Writes ten bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        (bytes[0], bytes[1]) = ((byte)Flags, (byte)Segmentation);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[2..], (ushort)HeaderLength);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[4..], (ushort)SegmentSize);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[6..], (ushort)ChecksumStart);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[8..], (ushort)ChecksumOffset);
    }
}

/// <summary>linux/virtio_net.h <c>VIRTIO_NET_HDR_F_…</c>; the kernel sets at most one.</summary>
public enum ChecksumState : byte
{
    /// <summary>Nothing is said.</summary>
    Unsaid = 0,

    /// <summary>It is still to be made.</summary>
    Needed = 1,

    /// <summary>It was compared.</summary>
    Valid = 2,
}

/// <summary>linux/virtio_net.h <c>VIRTIO_NET_HDR_GSO_…</c>: those that <c>Tap.SetLargeFrames</c> asks for.</summary>
public enum Segmentation : byte
{
    /// <summary>The frame is whole.</summary>
    None = 0,

    /// <summary>TCP over IPv4.</summary>
    Tcp4 = 1,

    /// <summary>TCP over IPv6.</summary>
    Tcp6 = 4,

    /// <summary>TCP over IPv4, CWR in the first segment only.</summary>
    Tcp4Ecn = 0x81,

    /// <summary>TCP over IPv6, CWR in the first segment only.</summary>
    Tcp6Ecn = 0x84,
}

using System.Buffers.Binary;
using System.Security.Cryptography;

namespace WaltVpn.ImageBuilder.SdImage;

/// <summary>The numbers that a disk and its file systems are told apart by, taken from what the image boots: the same content gives the same numbers.</summary>
/// <remarks>Settings are left out: nothing of an image is computed from a secret.</remarks>
internal sealed class ImageIdentity
{
    private readonly byte[] _hash;

    private ImageIdentity(byte[] hash) => _hash = hash;

    /// <summary>Computes them from files.</summary>
    public static async Task<ImageIdentity> OfAsync(IEnumerable<string> paths, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var path in paths)
        {
            await using var file = File.OpenRead(path);
            hash.AppendData(await SHA256.HashDataAsync(file, cancellation));
        }

        return new ImageIdentity(hash.GetHashAndReset());
    }

    /// <summary>Of the MBR.</summary>
    public uint Disk => BinaryPrimitives.ReadUInt32LittleEndian(_hash);

    /// <summary>Of the FAT volume.</summary>
    public uint BootVolume => BinaryPrimitives.ReadUInt32LittleEndian(_hash.AsSpan(4));

    /// <summary>Of the ext4 file system.</summary>
    public Guid StateVolume => Uuid(8);

    /// <summary>What ext4 mixes into the hashes of its directories.</summary>
    public Guid StateHashSeed => Uuid(16);

    /// <summary>16 bytes made a version 8 UUID (RFC 9562 section 5.8).</summary>
    private Guid Uuid(int offset)
    {
        Span<byte> bytes = stackalloc byte[16];
        _hash.AsSpan(offset, 16).CopyTo(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0f) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}

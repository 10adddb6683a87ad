using System.Text;

namespace WaltVpn.Linux;

/// <summary>A set of pairs of nf_tables, each an interface's name and an address: nft(8) <c>type ifname . …</c>.</summary>
/// <param name="Name">Its name in the table.</param>
/// <param name="Address">The second half of each pair.</param>
public sealed record NftSet(string Name, NftAddress Address)
{
    /// <summary>Bytes of an interface's name in a key.</summary>
    internal const int NameLength = Tap.NameSize;

    // nft's number of "ifname", and how it packs the numbers of a pair's halves into one.
    private const uint InterfaceName = 41;
    private const int TypeBits = 6;

    internal uint KeyType => (InterfaceName << TypeBits) | (uint)Address;

    internal int KeyLength => NameLength + Padded(Address switch
    {
        NftAddress.Ipv4 => 4,
        NftAddress.Ipv6 => 16,
        NftAddress.Ethernet => 6,
    });

    /// <summary>One pair as the kernel keeps it: each half filled up with zeros, to 16 bytes and to a multiple of 4.</summary>
    /// <param name="interfaceName">1..15 bytes.</param>
    /// <param name="address">In wire order.</param>
    public byte[] Key(string interfaceName, ReadOnlySpan<byte> address)
    {
        var key = new byte[KeyLength];
        Encoding.UTF8.GetBytes(interfaceName, key.AsSpan(0, NameLength - 1));
        address.CopyTo(key.AsSpan(NameLength));
        return key;
    }

    private static int Padded(int length) => (length + 3) & ~3;
}

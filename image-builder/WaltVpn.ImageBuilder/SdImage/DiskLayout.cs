using WaltVpn.ImageBuilder.Boards;
using WaltVpn.ImageBuilder.BootFiles;

namespace WaltVpn.ImageBuilder.SdImage;

/// <summary>Where the partitions of a card lie. An MBR: every firmware in question reads it.</summary>
/// <param name="Boot">FAT32, active, with all that is needed to boot.</param>
/// <param name="State">ext4, for what the node keeps.</param>
/// <param name="Bytes">Size of the whole.</param>
internal sealed record DiskLayout(Extent Boot, Extent State, long Bytes)
{
    public const int SectorBytes = FatVolume.SectorBytes;
    public const string BootLabel = FatVolume.Label;
    public const string StateLabel = "WALT_VPN_STATE";

    /// <summary>Partition types of the MBR.</summary>
    public const string BootType = "c";
    public const string StateType = "83";

    /// <summary>Partitions start at whole mebibytes, on which flash cards are erased; the first one is left to the MBR.</summary>
    private const long Mebibyte = 1 << 20;

    /// <summary>Of a board's card.</summary>
    /// <param name="mebibytes">Size of the whole; null: the board's own, the least there is.</param>
    public static DiskLayout Of(Board board, int? mebibytes = null)
    {
        var whole = (mebibytes ?? board.ImageMebibytes) * Mebibyte;
        var boot = new Extent(Mebibyte, board.BootMebibytes * Mebibyte);
        return new DiskLayout(boot, new Extent(boot.End, whole - boot.End), whole);
    }

    /// <summary>The table as sfdisk reads it.</summary>
    /// <param name="identifier">The disk's 32-bit number.</param>
    public string ToSfdisk(uint identifier) => FormattableString.Invariant($"""
        label: dos
        label-id: 0x{identifier:x8}
        unit: sectors
        start={Boot.Start / SectorBytes}, size={Boot.Length / SectorBytes}, type={BootType}, bootable
        start={State.Start / SectorBytes}, size={State.Length / SectorBytes}, type={StateType}

        """);
}

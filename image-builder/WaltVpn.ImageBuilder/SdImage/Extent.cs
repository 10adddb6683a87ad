namespace WaltVpn.ImageBuilder.SdImage;

/// <summary>A part of a disk, in bytes.</summary>
internal readonly record struct Extent(long Start, long Length)
{
    public long End => Start + Length;
}

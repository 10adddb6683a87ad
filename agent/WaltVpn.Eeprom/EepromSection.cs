namespace WaltVpn.Eeprom;

/// <summary>One link of the chain an image is made of.</summary>
/// <param name="Offset">Of its header, bytes from the start of the image; a multiple of 8.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Magic">The first word of its header.</param>
/// <param name="Name">Of a file; empty for every other kind.</param>
/// <param name="ContentOffset">Where its content starts.</param>
/// <param name="Size">Bytes of its content, headers not counted.</param>
public sealed record EepromSection(int Offset, EepromSectionKind Kind, uint Magic, string Name, int ContentOffset, int Size)
{
    /// <summary>First byte after its content.</summary>
    public int End => ContentOffset + Size;
}

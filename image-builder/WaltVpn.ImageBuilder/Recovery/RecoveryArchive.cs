using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using WaltVpn.Eeprom;
using WaltVpn.ImageBuilder.Eeprom;
using WaltVpn.Protocol;

namespace WaltVpn.ImageBuilder.Recovery;

/// <summary>The files in the root of a recovery card, packed: docs/eeprom.md "Recovery card".</summary>
/// <remarks>
/// <code>
/// ROM ▸ recovery.bin ▸ checks pieeprom.bin against pieeprom.sig ▸ writes it ▸ green screen
/// </code>
/// The image is called pieeprom.bin and not .upd: the program then writes it and stops, and the card does the next board.
/// </remarks>
internal static class RecoveryArchive
{
    private const UnixFileMode ForAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>What the board has afterwards, and nothing else: TFTP, then a card, again and again, as WalT's archives.</summary>
    private const string Configuration = "[all]\nBOOT_UART=1\nBOOT_ORDER=0xf12\nDHCP_REQ_TIMEOUT=500\n";

    /// <summary>Packs them; the same inputs give the same bytes.</summary>
    /// <param name="folder">The vendor's files.</param>
    /// <param name="settings">What the board joins its platform with; null: it has no settings afterwards. They hold the enrolment key.</param>
    /// <param name="time">Of the change: no older update file takes the place of this image.</param>
    /// <exception cref="ImageException">The image has no room for the configuration.</exception>
    public static byte[] Make(FirmwareFolder folder, NodeSettings? settings, DateTimeOffset time)
    {
        var configuration = settings is null ? Configuration : $"{Configuration}{JoinToken.Name}={JoinToken.Pack(settings)}\n";
        var image = EepromInput.Named(
            folder.ImagePath, () => folder.Image.With(EepromFiles.BootConfig, Encoding.ASCII.GetBytes(configuration)).WithTimestamp(time)).Bytes.ToArray();
        var signature = new SignatureFile(Convert.ToHexStringLower(SHA256.HashData(image)), time.ToUnixTimeSeconds(), Chip: null, Signature: null);
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize))
        using (var tar = new TarWriter(gzip, TarEntryFormat.Ustar))
        {
            Add(tar, "pieeprom.bin", image, time);
            Add(tar, "pieeprom.sig", Encoding.ASCII.GetBytes(signature.ToText()), time);
            Add(tar, "recovery.bin", folder.RecoveryProgram, time);
        }

        return packed.ToArray();
    }

    private static void Add(TarWriter tar, string name, byte[] content, DateTimeOffset time) => tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, $"./{name}")
    {
        DataStream = new MemoryStream(content),
        Mode = ForAll,
        ModificationTime = DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds()),
    });
}

using System.Buffers.Binary;
using System.Text;

namespace WaltVpn.Eeprom.Tests;

/// <summary>
/// Images with the sections of real bootloaders, at the real offsets, and nonsense for firmware: what the vendor's licence lets nobody pass on is
/// not needed to prove the rules. Each kind of layout that was ever released has one.
/// </summary>
internal static class SyntheticImage
{
    public const uint BootCode = 0x55aaf00f;
    public const uint File = 0x55aaf11f;
    public const uint Packed = 0x55aaf33f;
    public const uint Lz4 = 0x55aaf44f;
    public const uint Padding = 0x55aafeef;

    /// <summary>2711 of 2026: roomy, with a time file that does not count.</summary>
    public const string Pi4 = "2711";

    /// <summary>2711 of May to July 2025: the configuration is cut short by the scratch page.</summary>
    public const string Pi4Full = "2711-full";

    /// <summary>2711 of before May 2021: a configuration and nothing else.</summary>
    public const string Pi4Old = "2711-old";

    /// <summary>2712 of before April 2024: a place for a key, none for a certificate.</summary>
    public const string Pi5Old = "2712-old";

    /// <summary>2712 until May 2026: one bootloader.</summary>
    public const string Pi5Single = "2712-single";

    /// <summary>2712 since May 2026: a read-only part, partition A, room for partition B.</summary>
    public const string Pi5TwoPartitions = "2712-ab";

    /// <summary>2712 whose partition B was filled by an update.</summary>
    public const string Pi5BothFilled = "2712-ab-filled";

    public static IReadOnlyList<string> Names { get; } = [Pi4, Pi4Full, Pi4Old, Pi5Old, Pi5Single, Pi5TwoPartitions, Pi5BothFilled];

    private static readonly byte[] _pi4Config = Encoding.ASCII.GetBytes("[all]\nBOOT_UART=0\nWAKE_ON_GPIO=1\nPOWER_OFF_ON_HALT=0\nNET_INSTALL_AT_POWER_ON=1\n");
    private static readonly byte[] _pi5Config = Encoding.ASCII.GetBytes("[all]\nBOOT_UART=1\nBOOT_ORDER=0xf461\nNET_INSTALL_AT_POWER_ON=1\n");
    private static readonly byte[] _noTime = [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];

    /// <summary>A new copy of one of <see cref="Names"/>.</summary>
    public static byte[] Create(string name) => name switch
    {
        Pi4 => Build(512, (0, BootCode, "", Code(0x11da0)), (0x11fc0, Lz4, "", Noise(0x33cba)), (0x45c88, Packed, "", Noise(0x2bf00)),
            (0x71c78, File, "updatetime", _noTime), (0x71d00, File, "pubkey.bin", new byte[512]), (0x72000, File, "cacert.der", new byte[2048]),
            (0x72900, File, "bootconf.sig", new byte[1024]), (0x72e00, File, "bootconf.txt", _pi4Config)),
        Pi4Full => Build(512, (0, BootCode, "", Code(0x11da0)), (0x12000, Packed, "", Noise(0x6b001)), (0x7d100, File, "pubkey.bin", new byte[512]),
            (0x7d400, File, "cacert.der", new byte[2048]), (0x7dd00, File, "bootconf.sig", new byte[1024]), (0x7e200, File, "bootconf.txt", _pi4Config)),
        Pi4Old => Build(512, (0, BootCode, "", Code(0xb000)), (0xc000, 0x55aaf22f, "", Noise(0x5ffff)), (0x77000, File, "bootconf.txt", _pi4Config)),
        Pi5Old => Build(2048, (0, BootCode, "", Code(0x11000)), (0x20000, Packed, "", Noise(0x8d000)), (0xae000, File, "pubkey.bin", new byte[1024]),
            (0xae800, File, "bootconf.sig", new byte[1024]), (0xaf000, File, "bootconf.txt", _pi5Config)),
        Pi5Single => Build(2048, (0, BootCode, "", Code(0x120b0)), (0x20000, Packed, "", Noise(0x74d7f)), (0x95000, Packed, "", Noise(0x19738)),
            (0xae800, File, "pubkey.bin", new byte[512]), (0xaeb00, File, "cacert.der", new byte[2048]), (0xaf400, File, "bootconf.sig", new byte[1024]),
            (0xb0000, File, "bootconf.txt", _pi5Config)),
        Pi5TwoPartitions => Build(2048, [.. TwoPartitions, (0x107000, Padding, "", Erased(0xf6ff8))]),
        Pi5BothFilled => Build(2048, [.. TwoPartitions, (0x107000, File, "bootsys", Code(0x13000)), (0x11b000, File, "bootconf.txt", Config("[all]\nHALF=B\n")),
            (0x11c000, Padding, "", Erased(0xe1ff8))]),
        _ => throw new ArgumentException($"no such image: {name}", nameof(name)),
    };

    private static (int Offset, uint Magic, string Name, byte[] Content)[] TwoPartitions =>
    [
        (0, BootCode, "", Code(0x6580)), (0x67a0, File, "updatetime", _noTime), (0x10000, File, "bootsys", Noise(0x131fc)), (0x23430, Lz4, "", Noise(0x62860)),
        (0x86000, Lz4, "", Noise(0x1bcf9)), (0xa1d10, File, "updatetime", _noTime), (0xa1e00, File, "pubkey.bin", new byte[512]),
        (0xa2100, File, "cacert.der", new byte[2048]), (0xa2a00, File, "bootconf.sig", new byte[1024]), (0xa3000, File, "bootconf.txt", _pi5Config),
    ];

    /// <summary>Puts sections at their offsets, and padding sections between them where there is room for one.</summary>
    public static byte[] Build(int kibibytes, params (int Offset, uint Magic, string Name, byte[] Content)[] sections)
    {
        var image = new byte[kibibytes * 1024];
        image.AsSpan().Fill(0xff);
        for (var i = 0; i < sections.Length; i++)
        {
            var (offset, magic, name, content) = sections[i];
            var header = magic == File ? 16 : 0;
            WriteHeader(image, offset, magic, content.Length + header);
            if (magic == File) image.AsSpan(offset + 8, 16).Clear();
            Encoding.ASCII.GetBytes(name).CopyTo(image, offset + 8);
            content.CopyTo(image, offset + 8 + header);
            var end = (offset + 8 + header + content.Length + 7) / 8 * 8;
            if (i + 1 == sections.Length) continue;
            if (sections[i + 1].Offset < end) throw new ArgumentException($"the section at 0x{offset:x} overlaps the next", nameof(sections));
            if (sections[i + 1].Offset - end >= 8) WriteHeader(image, end, Padding, sections[i + 1].Offset - end - 8);
        }

        return image;
    }

    private static void WriteHeader(byte[] image, int offset, uint magic, int length)
    {
        BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(offset), magic);
        BinaryPrimitives.WriteInt32BigEndian(image.AsSpan(offset + 4), length);
    }

    private static byte[] Config(string text) => Encoding.ASCII.GetBytes(text);

    private static byte[] Erased(int length) => [.. Enumerable.Repeat((byte)0xff, length)];

    private static byte[] Noise(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }

    /// <summary>With the texts that name a version, between two others that look similar.</summary>
    private static byte[] Code(int length)
    {
        var content = Noise(length);
        Encoding.ASCII.GetBytes("\0SVERSION: \0VERSION:224877da\0BUILD_TIMESTAMP=1779045198\0MFG_VER: 1\0").CopyTo(content, 0x5000);
        return content;
    }
}

using System.Globalization;
using System.Text;

namespace WaltVpn.ImageBuilder.Tests.Unit.Hostile;

/// <summary>Writes tar archives that no tar program would write (POSIX.1 ustar, and GNU's and pax's extensions as plain entries).</summary>
internal sealed class RawTar
{
    public const int BlockBytes = 512;

    private readonly List<byte> _bytes = [];

    /// <summary>Adds a header and its content.</summary>
    /// <param name="type">The type flag: 0 file, 1 hard link, 2 symbolic link, 5 folder, L and x: a name for the next entry.</param>
    /// <param name="size">The size field; null: what <paramref name="data"/> has.</param>
    /// <param name="spoil">Changes the header before its checksum is made.</param>
    public RawTar Add(string name, char type = '0', string link = "", byte[]? data = null, string? size = null, Action<byte[]>? spoil = null)
    {
        data ??= [];
        var header = new byte[BlockBytes];
        Put(header, 0, name);
        Put(header, 100, "0000644\0");
        Put(header, 108, "0000000\0");
        Put(header, 116, "0000000\0");
        Put(header, 124, size ?? Convert.ToString(data.Length, 8).PadLeft(11, '0') + "\0");
        Put(header, 136, "00000000000\0");
        header[156] = (byte)type;
        Put(header, 157, link);
        Put(header, 257, "ustar\0" + "00");
        spoil?.Invoke(header);
        header.AsSpan(148, 8).Fill((byte)' ');
        Put(header, 148, Convert.ToString(header.Sum(value => value), 8).PadLeft(6, '0') + "\0 ");
        _bytes.AddRange(header);
        _bytes.AddRange(data);
        _bytes.AddRange(new byte[(BlockBytes - (data.Length % BlockBytes)) % BlockBytes]);
        return this;
    }

    /// <summary>Adds a GNU entry that holds the name of the next one.</summary>
    public RawTar AddLongName(string name) => Add("././@LongLink", 'L', data: Encoding.UTF8.GetBytes(name + '\0'));

    /// <summary>Adds a pax entry that holds one attribute of the next one.</summary>
    public RawTar AddPax(string attribute, string value, char type = 'x')
    {
        // "LENGTH attribute=value\n", where the length counts itself.
        var rest = $" {attribute}={value}\n";
        var length = rest.Length + 1;
        while (length.ToString(CultureInfo.InvariantCulture).Length + rest.Length != length) length++;
        return Add("pax", type, data: Encoding.UTF8.GetBytes(length.ToString(CultureInfo.InvariantCulture) + rest));
    }

    /// <summary>The archive with the two empty blocks at its end.</summary>
    public byte[] End() => [.. Cut(), .. new byte[2 * BlockBytes]];

    /// <summary>The archive without an end.</summary>
    public byte[] Cut() => [.. _bytes];

    public static void Put(byte[] header, int offset, string text) => Encoding.Latin1.GetBytes(text).CopyTo(header, offset);
}

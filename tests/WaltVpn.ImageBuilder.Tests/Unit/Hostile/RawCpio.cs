using System.Globalization;
using System.Text;

namespace WaltVpn.ImageBuilder.Tests.Unit.Hostile;

/// <summary>Writes cpio "newc" archives that no cpio program would write.</summary>
internal sealed class RawCpio
{
    public const int File = 0x81A4;
    public const int Folder = 0x41ED;
    public const int Link = 0xA1FF;

    private readonly List<byte> _bytes = [];

    /// <summary>Adds a header, a name and content.</summary>
    /// <param name="mode">File type and permissions.</param>
    /// <param name="name">The bytes of the name; one char is one byte, and the NUL at the end is added.</param>
    /// <param name="size">The size field; null: what <paramref name="data"/> has.</param>
    /// <param name="nameSize">The field of the name's length; null: what it has, with its NUL.</param>
    /// <param name="spoil">Changes the header's text, magic included.</param>
    public RawCpio Add(int mode, string name, string data = "", uint? size = null, uint? nameSize = null, uint links = 1, Func<string, string>? spoil = null)
    {
        var bytes = Encoding.Latin1.GetBytes(name + '\0');
        uint[] fields = [1, (uint)mode, 0, 0, links, 0, size ?? (uint)data.Length, 0, 0, 0, 0, nameSize ?? (uint)bytes.Length, 0];
        var header = "070701" + string.Concat(fields.Select(field => field.ToString("X8", CultureInfo.InvariantCulture)));
        _bytes.AddRange(Encoding.Latin1.GetBytes(spoil?.Invoke(header) ?? header));
        _bytes.AddRange(bytes);
        Pad();
        _bytes.AddRange(Encoding.Latin1.GetBytes(data));
        Pad();
        return this;
    }

    /// <summary>The archive with its trailer.</summary>
    public byte[] End() => Add(0, "TRAILER!!!").Cut();

    /// <summary>The archive without a trailer.</summary>
    public byte[] Cut() => [.. _bytes];

    private void Pad() => _bytes.AddRange(new byte[(4 - (_bytes.Count % 4)) % 4]);
}

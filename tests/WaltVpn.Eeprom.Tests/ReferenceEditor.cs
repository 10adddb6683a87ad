using System.Text;

namespace WaltVpn.Eeprom.Tests;

/// <summary>
/// How a bootloader image is edited, written once more from docs/eeprom.md and sharing nothing with the library: slower, in the order of the text,
/// on plain numbers. What both give must be the same bytes.
/// </summary>
internal static class ReferenceEditor
{
    /// <summary>The image with another content of a file; null when that must be refused.</summary>
    public static byte[]? Replace(byte[] image, string name, byte[] data)
    {
        var chain = Walk(image);
        int at = -1;
        for (int i = 0; i < chain.Count; i++)
        {
            if (chain[i].Magic != 0x55aaf11f || NameAt(image, chain[i].Offset) != name) continue;
            if (chain[i].Offset < 0x10000 || chain[i].Offset >= 0x107000) continue;
            at = i;
            break;
        }

        if (at < 0 || data.Length > 4076) return null;
        int offset = chain[at].Offset;
        int limit = image.Length - 4096;
        int end = limit < 0x107000 ? limit : 0x107000;
        for (int i = at + 1; i < chain.Count; i++)
        {
            if (chain[i].Magic == 0x55aafeef) continue;
            end = chain[i].Offset;
            break;
        }

        if (offset + 24 + data.Length > limit || offset + 24 + data.Length > end) return null;
        var result = (byte[])image.Clone();
        Write(result, offset + 4, 16 + data.Length);
        Array.Copy(data, 0, result, offset + 24, data.Length);
        int t = offset + 24 + data.Length;
        while (t % 8 != 0) result[t++] = 0xff;
        bool last = at == chain.Count - 1;
        if (end - t >= 8 && !last)
        {
            Write(result, t, 0x55aafeef);
            Write(result, t + 4, end - t - 8);
            t += 8;
        }

        while (t < end) result[t++] = 0xff;
        return result;
    }

    /// <summary>The image with the time of its last change; null when that must be refused.</summary>
    public static byte[]? SetTime(byte[] image, uint seconds)
    {
        var result = (byte[])image.Clone();
        var files = Walk(image).Where(section => section.Magic == 0x55aaf11f);
        var times = files.Select(section => section.Offset).Where(offset => NameAt(image, offset) == "updatetime").ToList();
        if (times.Count == 0 || times[0] >= 0x10000)
        {
            WriteLittle(result, image.Length - 8, ~seconds);
            WriteLittle(result, image.Length - 4, seconds);
            return result;
        }

        var second = times.FirstOrDefault(offset => offset >= 0x10000 && offset < 0x107000, -1);
        if (second < 0) return null;
        foreach (var offset in (int[])[times[0], second])
        {
            WriteLittle(result, offset + 24, ~seconds);
            WriteLittle(result, offset + 28, seconds);
        }

        return result;
    }

    /// <summary>The content of a file as a bootloader finds it: the first of that name.</summary>
    public static byte[]? Read(byte[] image, string name)
    {
        foreach (var (offset, magic, length) in Walk(image))
        {
            if (magic == 0x55aaf11f && NameAt(image, offset) == name) return image[(offset + 24)..(offset + 8 + length)];
        }

        return null;
    }

    private static List<(int Offset, long Magic, int Length)> Walk(byte[] image)
    {
        var found = new List<(int, long, int)>();
        int p = 0;
        while (p < image.Length)
        {
            long magic = ReadBig(image, p);
            if (magic == 0 || magic == 0xffffffff) break;
            int length = (int)ReadBig(image, p + 4);
            found.Add((p, magic, length));
            p = p + 8 + length;
            if (p % 8 != 0) p += 8 - (p % 8);
        }

        return found;
    }

    private static string NameAt(byte[] image, int offset) => Encoding.ASCII.GetString(image, offset + 8, 12).TrimEnd('\0');

    private static long ReadBig(byte[] image, int p) => ((long)image[p] << 24) | ((long)image[p + 1] << 16) | ((long)image[p + 2] << 8) | image[p + 3];

    private static void Write(byte[] image, int p, int value)
    {
        for (int i = 0; i < 4; i++) image[p + i] = (byte)(value >> (24 - (8 * i)));
    }

    private static void WriteLittle(byte[] image, int p, uint value)
    {
        for (int i = 0; i < 4; i++) image[p + i] = (byte)(value >> (8 * i));
    }
}

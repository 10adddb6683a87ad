using System.Globalization;
using System.Text;

namespace WaltVpn.Agent.WaltHttp;

/// <summary>The answer to one HTTP/1.1 request on a connection of its own (RFC 9112), read strictly: what is not whole is no answer.</summary>
/// <param name="Status">100..599.</param>
/// <param name="Body">At most <see cref="MaxBody"/> bytes.</param>
internal sealed record HttpAnswer(int Status, byte[] Body)
{
    /// <summary>Largest body, bytes. The largest thing there is to fetch, a list of host keys, has a few thousand.</summary>
    public const int MaxBody = 64 * 1024;

    /// <summary>Bytes of an answer at most: a body in chunks of one byte would have six for each, no server writes such.</summary>
    public const int MaxLength = HttpHead.MaxBytes + (2 * MaxBody);

    /// <summary>Reads an answer from what was received so far.</summary>
    /// <returns>Null when the rest is still missing.</returns>
    /// <exception cref="FormatException">It can become no answer, whatever follows.</exception>
    public static HttpAnswer? Read(ReadOnlySpan<byte> received)
    {
        if (HttpHead.Read(received) is not { } head) return null;
        if (head.Length > MaxBody) throw new FormatException($"its length is not a number up to {MaxBody}");
        var rest = received[head.Bytes..];
        if (head.Status is 204 or 304) return new HttpAnswer(head.Status, []);
        if (head.Chunked) return ReadChunks(rest) is { } body ? new HttpAnswer(head.Status, body) : null;
        if (head.Length is not { } bytes) throw new FormatException("it does not say how long it is");
        return rest.Length >= bytes ? new HttpAnswer(head.Status, rest[..(int)bytes].ToArray()) : null;
    }

    /// <summary>RFC 9112 section 7.1; null when the last chunk, or what follows it, is missing.</summary>
    private static byte[]? ReadChunks(ReadOnlySpan<byte> rest)
    {
        var body = new List<byte>();
        while (true)
        {
            if (ReadLine(ref rest) is not { } line) return null;
            var digits = line.Split(';')[0].TrimEnd(' ', '\t');
            if (digits.Length > 8 || !int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var size) || size < 0)
            {
                throw new FormatException("a chunk has no length");
            }

            if (body.Count + (long)size > MaxBody) throw new FormatException($"it has more than {MaxBody} bytes");
            if (size == 0) break;
            if (rest.Length < size + 2) return null;
            if (!rest.Slice(size, 2).SequenceEqual("\r\n"u8)) throw new FormatException("a chunk does not end where it should");
            body.AddRange(rest[..size]);
            rest = rest[(size + 2)..];
        }

        while (ReadLine(ref rest) is { } trailer)
        {
            if (trailer.Length == 0) return [.. body];
        }

        return null;
    }

    private static string? ReadLine(ref ReadOnlySpan<byte> rest)
    {
        var end = rest.IndexOf("\r\n"u8);
        if (end < 0) return null;
        var line = Encoding.Latin1.GetString(rest[..end]);
        rest = rest[(end + 2)..];
        return line;
    }
}

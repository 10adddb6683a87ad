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

    /// <summary>Status line and headers, bytes.</summary>
    private const int MaxHead = 8 * 1024;

    /// <summary>Bytes of an answer at most: a body in chunks of one byte would have six for each, no server writes such.</summary>
    public const int MaxLength = MaxHead + (2 * MaxBody);

    /// <summary>Reads an answer from what was received so far.</summary>
    /// <returns>Null when the rest is still missing.</returns>
    /// <exception cref="FormatException">It can become no answer, whatever follows.</exception>
    public static HttpAnswer? Read(ReadOnlySpan<byte> received)
    {
        var end = received.IndexOf("\r\n\r\n"u8);
        if ((end < 0 ? received.Length : end) > MaxHead) throw new FormatException($"its headers have more than {MaxHead} bytes");
        if (end < 0) return null;
        var lines = Encoding.Latin1.GetString(received[..end]).Split("\r\n");
        if (lines.Any(line => line.Any(c => c is '\r' or '\n' or '\0'))) throw new FormatException("its headers are no lines of text");
        var status = ReadStatus(lines[0]);
        var (length, chunked) = ReadFraming(lines.AsSpan(1));
        var rest = received[(end + 4)..];
        if (status is 204 or 304) return new HttpAnswer(status, []);
        if (chunked) return ReadChunks(rest) is { } body ? new HttpAnswer(status, body) : null;
        if (length is not { } bytes) throw new FormatException("it does not say how long it is");
        return rest.Length >= bytes ? new HttpAnswer(status, rest[..bytes].ToArray()) : null;
    }

    private static int ReadStatus(string line)
    {
        var isHttp = line.Length >= 12 && line[..8] is "HTTP/1.1" or "HTTP/1.0" && line[8] == ' ' && (line.Length == 12 || line[12] == ' ');
        var known = isHttp && int.TryParse(line.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
        return known is >= 200 and <= 599 ? known : throw new FormatException("it does not start with the status line of a final answer");
    }

    private static (int? Length, bool Chunked) ReadFraming(ReadOnlySpan<string> headers)
    {
        int? length = null;
        var chunked = false;
        foreach (var line in headers)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || line.AsSpan(0, colon).ContainsAny(' ', '\t')) throw new FormatException("a header is no NAME: VALUE");
            var (name, value) = (line[..colon], line[(colon + 1)..].Trim(' ', '\t'));
            if (name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
            {
                if (length is not null) throw new FormatException("it has two lengths");
                if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) || bytes > MaxBody)
                {
                    throw new FormatException($"its length is not a number up to {MaxBody}");
                }

                length = bytes;
            }
            else if (name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase))
            {
                if (chunked || !value.Equals("chunked", StringComparison.OrdinalIgnoreCase)) throw new FormatException("it has an unknown transfer encoding");
                chunked = true;
            }
            else if (name.Equals("Content-Encoding", StringComparison.OrdinalIgnoreCase) && !value.Equals("identity", StringComparison.OrdinalIgnoreCase))
            {
                throw new FormatException("it is compressed, which was not asked for");
            }
        }

        return chunked && length is not null ? throw new FormatException("it has a length and chunks") : (length, chunked);
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

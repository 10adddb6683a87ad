using System.Globalization;
using System.Text;

namespace WaltVpn.Agent.WaltHttp;

/// <summary>Status line and headers of an HTTP/1.1 answer (RFC 9112), read strictly.</summary>
/// <param name="Status">200..599: a final answer.</param>
/// <param name="Length">Bytes of the body; null: it does not say.</param>
/// <param name="Chunked">The body comes in chunks; it has no length then.</param>
/// <param name="Range">Value of Content-Range; null: none.</param>
/// <param name="Bytes">Of the head itself, the empty line included.</param>
internal sealed record HttpHead(int Status, long? Length, bool Chunked, string? Range, int Bytes)
{
    /// <summary>Of a head at most.</summary>
    public const int MaxBytes = 8 * 1024;

    /// <summary>Reads a head from what was received so far.</summary>
    /// <returns>Null when the rest is still missing.</returns>
    /// <exception cref="FormatException">It can become no head, whatever follows.</exception>
    public static HttpHead? Read(ReadOnlySpan<byte> received)
    {
        var end = received.IndexOf("\r\n\r\n"u8);
        if ((end < 0 ? received.Length : end) > MaxBytes) throw new FormatException($"its headers have more than {MaxBytes} bytes");
        if (end < 0) return null;
        var lines = Encoding.Latin1.GetString(received[..end]).Split("\r\n");
        if (lines.Any(line => line.Any(c => c is '\r' or '\n' or '\0'))) throw new FormatException("its headers are no lines of text");
        var head = new HttpHead(ReadStatus(lines[0]), null, false, null, end + 4);
        foreach (var line in lines.AsSpan(1)) head = head.With(line);
        return head.Chunked && head.Length is not null ? throw new FormatException("it has a length and chunks") : head;
    }

    private static int ReadStatus(string line)
    {
        var isHttp = line.Length >= 12 && line[..8] is "HTTP/1.1" or "HTTP/1.0" && line[8] == ' ' && (line.Length == 12 || line[12] == ' ');
        var known = isHttp && int.TryParse(line.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
        return known is >= 200 and <= 599 ? known : throw new FormatException("it does not start with the status line of a final answer");
    }

    private HttpHead With(string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0 || line.AsSpan(0, colon).ContainsAny(' ', '\t')) throw new FormatException("a header is no NAME: VALUE");
        var (name, value) = (line[..colon], line[(colon + 1)..].Trim(' ', '\t'));
        if (name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
        {
            if (Length is not null) throw new FormatException("it has two lengths");
            return long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
                ? this with { Length = bytes }
                : throw new FormatException("its length is not a number");
        }

        if (name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase))
        {
            return !Chunked && value.Equals("chunked", StringComparison.OrdinalIgnoreCase)
                ? this with { Chunked = true }
                : throw new FormatException("it has an unknown transfer encoding");
        }

        if (name.Equals("Content-Encoding", StringComparison.OrdinalIgnoreCase) && !value.Equals("identity", StringComparison.OrdinalIgnoreCase))
            throw new FormatException("it is compressed, which was not asked for");
        return name.Equals("Content-Range", StringComparison.OrdinalIgnoreCase) ? this with { Range = value } : this;
    }
}

namespace WaltVpn.Protocol;

/// <summary>A key's fingerprint as four words, for eyes and telephones (docs/protocol.md "Four words").</summary>
/// <remarks>
/// 44 of its 256 bits: enough against a mistake and a chance meeting. Who spends days of computing may make a key with the same words; whoever must rule
/// that out compares the whole fingerprint, which stands beside the words wherever they are shown.
/// </remarks>
public static class FingerprintWords
{
    /// <summary>How many words there are to choose from, 2^11. No two begin with the same four letters.</summary>
    public const int ListLength = 1 << BitsPerWord;

    private const int BitsPerWord = 11;
    private const int WordsPerKey = 4;
    private const string Start = "SHA256:";

    private static readonly string[] s_words = Load();

    /// <summary>The words of a fingerprint, joined by hyphens.</summary>
    /// <param name="fingerprint"><c>SHA256:…</c>, as ssh-keygen -l prints it: base64 without padding.</param>
    /// <returns>Empty when the text is no such fingerprint.</returns>
    public static string Of(string fingerprint)
    {
        var digest = new byte[32];
        if (!fingerprint.StartsWith(Start, StringComparison.Ordinal)
            || !Convert.TryFromBase64String(fingerprint[Start.Length..] + "=", digest, out var length) || length != digest.Length)
            return "";
        var bits = System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(digest);
        var words = new string[WordsPerKey];
        // The first 44 bits, the highest first.
        for (var i = 0; i < WordsPerKey; i++) words[i] = s_words[(int)(bits >> (64 - (BitsPerWord * (i + 1)))) & (ListLength - 1)];
        return string.Join('-', words);
    }

    private static string[] Load()
    {
        using var list = new StreamReader(typeof(FingerprintWords).Assembly.GetManifestResourceStream("fingerprint-words.txt")!);
        return list.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}

using System.Security.Cryptography;
using System.Text;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.OpenSsh;

/// <summary>Files of known host keys (sshd(8) "SSH_KNOWN_HOSTS FILE FORMAT"), compared by what they say: ssh-keyscan hashes the names with new
/// random bytes at each run, so that two texts for the same keys are never equal.</summary>
internal static class KnownHosts
{
    private const string HashMark = "|1|";

    /// <summary>How an entrypoint is called in such a file.</summary>
    public static string NameOf(SshEntrypoint entrypoint) =>
        entrypoint.Port == SshEntrypoint.DefaultPort ? entrypoint.Host : $"[{entrypoint.Host}]:{entrypoint.Port}";

    /// <summary>Reads a file; a line for several of the names gives a key for each.</summary>
    /// <param name="text">Empty lines and comments do not count.</param>
    /// <param name="names">The hosts it may be about, as <see cref="NameOf"/> gives them.</param>
    /// <exception cref="FormatException">A line is no host key, or of another host; the message names the line.</exception>
    public static IReadOnlyList<HostKey> Read(string text, IReadOnlyCollection<string> names)
    {
        var keys = new List<HostKey>();
        foreach (var (number, words) in Lines(text))
        {
            if (words.Length < 3 || !IsKey(words[1], words[2])) throw new FormatException($"line {number} is no host key");
            var hosts = names.Where(name => Names(words[0], name)).ToList();
            if (hosts.Count == 0) throw new FormatException($"line {number} is about another host than {string.Join(", ", names)}");
            keys.AddRange(hosts.Select(host => new HostKey(host, words[1], words[2])));
        }

        return [.. keys.Distinct()];
    }

    /// <summary>Reads what a node has; what is not about one of the names keeps the name it has, whatever that is.</summary>
    public static IReadOnlyList<HostKey> ReadStored(string text, IReadOnlyCollection<string> names)
    {
        var keys = new List<HostKey>();
        foreach (var (_, words) in Lines(text))
        {
            var hosts = names.Where(name => Names(words[0], name)).DefaultIfEmpty(words[0]);
            keys.AddRange(hosts.Select(host => new HostKey(host, words.ElementAtOrDefault(1) ?? "", words.ElementAtOrDefault(2) ?? "")));
        }

        return [.. keys.Distinct()];
    }

    /// <summary>The keys that go into a node: without RSA where a host has another type.</summary>
    public static IReadOnlyList<HostKey> WithoutNeedlessRsa(IReadOnlyList<HostKey> keys) =>
        [.. keys.Where(key => key.Type != HostKey.Rsa || keys.All(other => other.Host != key.Host || other.Type == HostKey.Rsa))];

    /// <summary>The text of a file. The same keys give the same text, in whatever order they come.</summary>
    public static string Write(IEnumerable<HostKey> keys) => string.Concat(
        keys.Distinct().Select(key => $"{key.Host} {key.Type} {key.Key}\n").Order(StringComparer.Ordinal));

    private static IEnumerable<(int Number, string[] Words)> Lines(string text) => text.Split('\n')
        .Select((line, index) => (index + 1, line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries)))
        .Where(line => line.Item2 is [var first, ..] && first[0] != '#');

    private static bool IsKey(string type, string key)
    {
        var blob = new byte[key.Length];
        if (!Convert.TryFromBase64String(key, blob, out var length)) return false;
        var reader = new SshWireReader(blob.AsSpan(0, length));
        return reader.TryReadString(out var word) && type.Length > 0 && Encoding.Latin1.GetString(word) == type && reader.Position < length;
    }

    private static bool Names(string pattern, string host)
    {
        if (!pattern.StartsWith(HashMark, StringComparison.Ordinal)) return pattern.Split(',').Contains(host, StringComparer.OrdinalIgnoreCase);
        if (pattern[HashMark.Length..].Split('|') is not [var salt, var hash]) return false;
        var (saltBytes, hashBytes) = (new byte[salt.Length], new byte[hash.Length]);
        if (!Convert.TryFromBase64String(salt, saltBytes, out var saltLength)) return false;
        if (!Convert.TryFromBase64String(hash, hashBytes, out var hashLength)) return false;
#pragma warning disable CA5350 // The hash hides names in OpenSSH's own format; nothing is protected by it.
        return HMACSHA1.HashData(saltBytes.AsSpan(0, saltLength), Encoding.ASCII.GetBytes(host)).AsSpan().SequenceEqual(hashBytes.AsSpan(0, hashLength));
#pragma warning restore CA5350
    }
}

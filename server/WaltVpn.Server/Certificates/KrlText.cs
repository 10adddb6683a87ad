using System.Globalization;
using WaltVpn.Server.Enrollment;

namespace WaltVpn.Server.Certificates;

/// <summary>A revocation list as <c>ssh-keygen -Q -l</c> prints it.</summary>
internal sealed class KrlText
{
    private const string Serial = "serial: ";
    private const string Hash = "hash: ";
    private const string Authority = "# CA key ";

    private readonly HashSet<ulong> _serials = [];
    private readonly HashSet<string> _fingerprints = new(StringComparer.Ordinal);
    private readonly List<string> _authorities = [];

    /// <summary>Reads the tool's output; comment lines pass, anything else it does not know is an error.</summary>
    /// <exception cref="InvalidDataException">A line is of another kind than the daemon ever writes.</exception>
    public static KrlText Parse(string output)
    {
        var list = new KrlText();
        foreach (var line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith(Authority, StringComparison.Ordinal)) list._authorities.Add(line.Split(' ')[^1]);
            else if (line[0] == '#') continue;
            else if (line.StartsWith(Serial, StringComparison.Ordinal)) list.AddSerials(line[Serial.Length..]);
            else if (line.StartsWith(Hash, StringComparison.Ordinal)) list._fingerprints.Add(line[Hash.Length..].Split(' ')[0]);
            else throw new InvalidDataException($"the revocation list read back has a line '{line}', which was not put in");
        }

        return list;
    }

    /// <summary>Compares with what it must say, both ways.</summary>
    /// <exception cref="InvalidDataException">Something is missing, too much, or under another CA.</exception>
    public void Require(Revocations revocations, NodePublicKey authority)
    {
        if (!_serials.SetEquals(revocations.Serials))
            throw new InvalidDataException($"the revocation list read back has {_serials.Count} serials, the database {revocations.Serials.Count}");
        var fingerprints = revocations.Keys.Select(Fingerprint);
        if (!_fingerprints.SetEquals(fingerprints))
            throw new InvalidDataException($"the revocation list read back has {_fingerprints.Count} keys, the database {revocations.Keys.Count}");
        if (_authorities.Any(fingerprint => fingerprint != authority.Fingerprint))
            throw new InvalidDataException("the revocation list read back is of another CA");
    }

    /// <summary>One number, or <c>first-last</c> for a run of them.</summary>
    private void AddSerials(string text)
    {
        var ends = text.Split('-');
        var first = ulong.Parse(ends[0], CultureInfo.InvariantCulture);
        var last = ulong.Parse(ends[^1], CultureInfo.InvariantCulture);
        // The daemon's own list has as many serials as certificates; a longer run was not written by it.
        if (last < first || last - first > 1_000_000) throw new InvalidDataException($"the revocation list read back has the serials {text}");
        for (var serial = first; serial <= last; serial++) _serials.Add(serial);
    }

    private static string Fingerprint(string line) =>
        NodePublicKey.TryParseAny(line, out var key, out var refusal)
            ? key.Fingerprint
            : throw new InvalidDataException($"the database has a revoked key '{line}': {refusal}");
}

namespace WaltVpn.ImageBuilder.Packages;

/// <summary>Where a board's packages come from when not from the sources of this machine: one suite of Debian, with all that belongs to it.</summary>
internal static class PackageSources
{
    /// <summary>Debian's own content network.</summary>
    public const string DefaultMirror = "http://deb.debian.org/debian";

    /// <summary>The sources as sources.list(5) has them. Nothing but Debian's own keys is trusted, whatever else this machine trusts.</summary>
    /// <param name="suite">Like <c>trixie</c>. Its backports are listed, and taken only by who asks for them.</param>
    /// <param name="mirror">Of the archive; the mirror of the security archive is beside it, as everywhere, with <c>-security</c> at its end.</param>
    /// <param name="keyring">Path of Debian's keys.</param>
    public static string Write(string suite, string mirror, string keyring)
    {
        var archive = mirror.TrimEnd('/');
        string Line(string where, string name) => $"deb [signed-by={keyring}] {where} {name} main non-free-firmware\n";
        return Line(archive, suite) + Line(archive, $"{suite}-updates") + Line(archive, $"{suite}-backports")
            + Line($"{archive}-security", $"{suite}-security");
    }

    /// <summary>Refuses what is no address of a mirror, before apt reads it as something else.</summary>
    /// <exception cref="ImageException">It is not of the form <c>http://HOST/PATH</c>, https likewise.</exception>
    public static string Check(string mirror) =>
        Uri.TryCreate(mirror, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
        && !mirror.Any(c => char.IsWhiteSpace(c) || c is '[' or ']' or '#')
            ? mirror
            : throw new ImageException($"'{mirror}' is no mirror's address", $"write it like {DefaultMirror}") { ExitStatus = ExitStatus.Usage };
}

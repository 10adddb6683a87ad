using System.Diagnostics.CodeAnalysis;
using WaltVpn.ImageBuilder.HostTools;

namespace WaltVpn.ImageBuilder.Packages;

/// <summary>Where a board's packages come from when not from the sources of this machine: one suite of Debian, with all that belongs to it.</summary>
internal static class PackageSources
{
    /// <summary>The mirror of Debian's archive that this machine's apt uses; every mirror has all suites.</summary>
    /// <exception cref="ImageException">It uses none, or has no package lists yet.</exception>
    public static async Task<string> MirrorOfThisMachineAsync(HostToolbox tools, CancellationToken cancellation)
    {
        var targets = await tools.RunAsync(HostTool.AptGet, ["indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages"], cancellation);
        var mirrors = targets.Text.Split('\n').Select(line => line.Split(' ')).Where(words => words is ["Debian", _]).Select(words => words[1].TrimEnd('/'));
        return mirrors.FirstOrDefault(mirror => !mirror.EndsWith("-security", StringComparison.Ordinal)) ?? throw new ImageException(
            "this machine's apt knows no mirror of Debian's archive", "name one: --mirror http://MIRROR/debian; on a Debian: apt-get update");
    }

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
    [return: NotNullIfNotNull(nameof(mirror))]
    public static string? Check(string? mirror) =>
        mirror is null || Uri.TryCreate(mirror, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
        && !mirror.Any(c => char.IsWhiteSpace(c) || c is '[' or ']' or '#')
            ? mirror
            : throw new ImageException($"'{mirror}' is no mirror's address", "write it like http://MIRROR/debian") { ExitStatus = ExitStatus.Usage };
}

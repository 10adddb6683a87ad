namespace WaltVpn.ImageBuilder.Packages;

/// <summary>One version of one package, named by what it contains.</summary>
/// <param name="Name">As dpkg has it, <c>[a-z0-9][a-z0-9+.-]+</c>.</param>
/// <param name="Version">With epoch and revision.</param>
/// <param name="Architecture"><c>all</c> or a processor.</param>
/// <param name="Sha256">Of the .deb file, 64 lower-case hexadecimal digits; from the archive's signed index.</param>
internal sealed record DebianPackage(string Name, string Version, string Architecture, string Sha256)
{
    /// <summary>What apt calls the file in its cache: the epoch's colon is not for file names.</summary>
    public string FileName => $"{Name}_{Version.Replace(":", "%3a", StringComparison.Ordinal)}_{Architecture}.deb";

    /// <summary>As apt-get takes it on its command line.</summary>
    public override string ToString() => $"{Name}={Version}";
}

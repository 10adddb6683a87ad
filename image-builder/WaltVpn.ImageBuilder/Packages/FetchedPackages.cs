namespace WaltVpn.ImageBuilder.Packages;

/// <summary>Packages that lie on this disk and were checked.</summary>
/// <param name="Files">Each with the path of its .deb.</param>
/// <param name="Downloaded">How many of them came over the network this time.</param>
internal sealed record FetchedPackages(IReadOnlyList<(DebianPackage Package, string Path)> Files, int Downloaded)
{
    public long Bytes => Files.Sum(file => new FileInfo(file.Path).Length);
}

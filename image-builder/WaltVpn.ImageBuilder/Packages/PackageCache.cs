using System.Security.Cryptography;

namespace WaltVpn.ImageBuilder.Packages;

/// <summary>Gets the packages of an image onto this disk, each checked by its SHA-256 every time (docs/security.md IMG-3).</summary>
internal sealed class PackageCache(AptArchive archive, Progress progress)
{
    private const string Connect = "connect this machine and try again, or name the folder that has the packages: --cache FOLDER";

    /// <summary>Takes the current versions.</summary>
    /// <param name="names">Without what they depend on.</param>
    /// <exception cref="ImageException">apt failed, or a downloaded file is not the one of the index.</exception>
    public async Task<FetchedPackages> FetchCurrentAsync(IReadOnlyList<string> names, CancellationToken cancellation)
    {
        var problems = await archive.UpdateAsync(cancellation);
        var packages = await ResolveAsync(names, problems, cancellation);
        if (problems.Count > 0) progress.Note("not every package source was reached; the versions are those that the others have, or that were known before");
        foreach (var problem in problems) progress.Note(problem);
        return await FetchAsync(packages, cancellation);
    }

    /// <summary>Takes the recorded versions. Needs no network when they were downloaded before.</summary>
    /// <exception cref="ImageException">Some are gone from the archive (<see cref="ExitStatus.VersionGone"/>),
    /// or as for <see cref="FetchCurrentAsync"/>.</exception>
    public async Task<FetchedPackages> FetchLockedAsync(IReadOnlyList<DebianPackage> recorded, CancellationToken cancellation)
    {
        var missing = await MissingAsync(recorded, cancellation);
        if (missing.Count > 0)
        {
            var problems = await archive.UpdateAsync(cancellation);
            if (await archive.GoneAsync(missing, cancellation) is { Count: > 0 } gone) throw problems.Count > 0 ? NotReached(gone, problems) : Gone(gone);
            var described = await archive.DescribeAsync([.. missing.Select(package => package.ToString())], cancellation);
            if (missing.Except(described).ToList() is { Count: > 0 } other)
            {
                throw new ImageException($"the archive has another file under the same version: {string.Join(", ", other)}",
                    "the lock file and the archive disagree; build without --locked");
            }
        }

        return await FetchAsync(recorded, cancellation);
    }

    private async Task<IReadOnlyList<DebianPackage>> ResolveAsync(IReadOnlyList<string> names, IReadOnlyList<string> problems, CancellationToken cancellation)
    {
        try
        {
            return await archive.ResolveAsync(names, cancellation);
        }
        catch (ImageException error) when (problems.Count > 0)
        {
            throw new ImageException("not every package source was reached, and the others do not have all packages of an image",
                error, [.. problems, error.Message, .. error.Hints, Connect]);
        }
    }

    private async Task<FetchedPackages> FetchAsync(IReadOnlyList<DebianPackage> packages, CancellationToken cancellation)
    {
        var missing = await MissingAsync(packages, cancellation);
        foreach (var package in missing) File.Delete(archive.PathOf(package));
        if (missing.Count > 0) await archive.DownloadAsync(missing, cancellation);
        if (await MissingAsync(missing, cancellation) is { Count: > 0 } wrong)
        {
            throw new ImageException($"downloaded, but not the file that was asked for: {string.Join(", ", wrong)}");
        }

        return new FetchedPackages([.. packages.Select(package => (package, archive.PathOf(package)))], missing.Count);
    }

    private async Task<List<DebianPackage>> MissingAsync(IReadOnlyList<DebianPackage> packages, CancellationToken cancellation)
    {
        var missing = new List<DebianPackage>();
        foreach (var package in packages)
        {
            var path = archive.PathOf(package);
            if (!File.Exists(path) || await HashAsync(path, cancellation) != package.Sha256) missing.Add(package);
        }

        return missing;
    }

    private static async Task<string> HashAsync(string path, CancellationToken cancellation)
    {
        await using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellation));
    }

    private static ImageException NotReached(IReadOnlyList<DebianPackage> unknown, IReadOnlyList<string> problems) => new(
        $"{unknown.Count} recorded packages are not in the cache, and not every package source was reached to look for them",
        [.. problems, Connect]);

    private static ImageException Gone(IReadOnlyList<DebianPackage> gone) => new(
        $"the archive no longer has {string.Join(", ", gone)}",
        "to build with the current versions, and record them: the same command without --locked",
        "to build the old ones: point the package sources of this machine to a snapshot of the archive, or keep the folder of --cache")
    {
        ExitStatus = ExitStatus.VersionGone,
    };
}

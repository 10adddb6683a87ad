using System.Text.RegularExpressions;
using WaltVpn.ImageBuilder.HostTools;

namespace WaltVpn.ImageBuilder.Packages;

/// <summary>
/// Package sources, the host's or a board's own, asked through apt with a state of our own: nothing of the host's package system is changed or locked,
/// and no right is needed.
/// apt checks the archive's signatures with the host's keyrings, or with the one that the sources name.
/// </summary>
internal sealed partial class AptArchive
{
    // Hooks of the host, such as emptying its own cache, are not ours to run.
    private const string Configuration = """
        #clear APT::Update::Pre-Invoke;
        #clear APT::Update::Post-Invoke;
        #clear APT::Update::Post-Invoke-Success;
        #clear APT::Architectures;

        """;

    /// <summary>
    /// Packages whose programs run only where packages are installed and configured. They count as installed, so that apt leaves them and all they need away;
    /// libraries are never among them.
    /// </summary>
    private static readonly string[] _notForImages = ["adduser", "passwd", "initramfs-tools", "linux-base", "kmod", "debconf", "dosfstools", "dracut"];

    private readonly HostToolbox _tools;
    private readonly string _folder;
    private readonly IReadOnlyList<string> _options;

    /// <param name="tools">Has apt-get and apt-cache.</param>
    /// <param name="folder">Kept between builds: package lists and downloaded packages. Made when it is missing.</param>
    /// <param name="architecture">Debian's name of the board's processor.</param>
    /// <param name="sources">Text of a sources.list; null: the sources of this machine.</param>
    public AptArchive(HostToolbox tools, string folder, string architecture, string? sources)
    {
        (_tools, _folder) = (tools, folder);
        Directory.CreateDirectory(Path.Combine(folder, "lists", "partial"));
        Directory.CreateDirectory(Path.Combine(folder, "archives", "partial"));
        var configuration = Path.Combine(folder, "apt.conf");
        File.WriteAllText(configuration, Configuration);
        File.WriteAllText(Path.Combine(folder, "status"), string.Concat(_notForImages.Select(CountsAsInstalled)));
        List<string> from = [];
        if (sources is not null)
        {
            var list = Path.Combine(folder, "sources.list");
            File.WriteAllText(list, sources);
            from = ["-o", $"Dir::Etc::sourcelist={list}", "-o", "Dir::Etc::sourceparts=/dev/null"];
        }

        _options =
        [
            "-q", "-c", configuration,
            "-o", $"Dir::State={folder}", "-o", $"Dir::State::lists={folder}/lists", "-o", $"Dir::State::status={folder}/status",
            "-o", $"Dir::State::extended_states={folder}/extended_states",
            "-o", $"Dir::Cache={folder}", "-o", $"Dir::Cache::archives={folder}/archives", "-o", $"Dir::Log={folder}",
            "-o", $"APT::Architecture={architecture}", "-o", $"APT::Architectures={architecture}",
            // Root's apt would download as user _apt, who cannot write into this folder.
            "-o", "APT::Sandbox::User=root",
            "-o", "APT::Install-Recommends=false", "-o", "Acquire::Languages=none",
            "-o", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false", "-o", "Acquire::Retries=2",
            .. from,
        ];
    }

    /// <summary>Where a package lies once it is downloaded.</summary>
    public string PathOf(DebianPackage package) => Path.Combine(_folder, "archives", package.FileName);

    /// <summary>
    /// Fetches the package lists of every source that can be had. One that is not reached, or that apt does not trust, adds nothing, and takes nothing
    /// from the others.
    /// </summary>
    /// <returns>apt's lines about those sources, whose lists of the last time are used if there are any; empty when all went well.</returns>
    public async Task<IReadOnlyList<string>> UpdateAsync(CancellationToken cancellation)
    {
        const int SourceWithoutAnswer = 100;
        const string NotReached = "Some index files failed to download";
        // apt-get does not end by itself when its lists find no room; they take a third of this.
        const long RoomForLists = 64_000_000;
        if (new DriveInfo(_folder).AvailableFreeSpace < RoomForLists) throw HostToolbox.DiskFull(_folder);
        var output = await _tools.RunAsync(HostTool.AptGet, [.. _options, "update"], cancellation, accepted: SourceWithoutAnswer);
        return output.Status == 0 && !output.Errors.Contains(NotReached, StringComparison.Ordinal)
            ? []
            : output.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.Contains(NotReached, StringComparison.Ordinal)).ToList();
    }

    /// <summary>The packages and all they depend on, in the versions that apt would install on this machine.</summary>
    /// <exception cref="ImageException">apt finds no solution.</exception>
    public async Task<IReadOnlyList<DebianPackage>> ResolveAsync(IReadOnlyList<string> names, CancellationToken cancellation)
    {
        var plan = await _tools.RunAsync(HostTool.AptGet, [.. _options, "--simulate", "install", .. names], cancellation);
        var chosen = Inst().Matches(plan.Text).Select(match => $"{match.Groups["name"].Value}={match.Groups["version"].Value}").ToList();
        return await DescribeAsync(chosen, cancellation);
    }

    /// <summary>Those of the recorded packages that the archive no longer has in that very version.</summary>
    public async Task<IReadOnlyList<DebianPackage>> GoneAsync(IReadOnlyList<DebianPackage> packages, CancellationToken cancellation)
    {
        var listed = await _tools.RunAsync(HostTool.AptCache, [.. _options, "madison", .. packages.Select(package => package.Name)], cancellation);
        var present = listed.Text.Split('\n').Select(line => line.Split('|', StringSplitOptions.TrimEntries)).Where(columns => columns.Length == 3)
            .Select(columns => $"{columns[0]}={columns[1]}").ToHashSet(StringComparer.Ordinal);
        return packages.Where(package => !present.Contains(package.ToString())).ToList();
    }

    /// <summary>Reads what the signed index says of packages given as <c>name=version</c>.</summary>
    /// <exception cref="ImageException">One is not in the archive.</exception>
    public async Task<IReadOnlyList<DebianPackage>> DescribeAsync(IReadOnlyList<string> packages, CancellationToken cancellation)
    {
        var described = await _tools.RunAsync(HostTool.AptCache, [.. _options, "show", .. packages], cancellation);
        return described.Text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(ReadStanza).DistinctBy(package => package.Name).ToList();
    }

    /// <summary>Downloads packages; apt compares size and hash with the signed index.</summary>
    public Task DownloadAsync(IReadOnlyList<DebianPackage> packages, CancellationToken cancellation) =>
        _tools.RunAsync(
            HostTool.AptGet, [.. _options, "download", .. packages.Select(package => package.ToString())],
                cancellation, folder: Path.Combine(_folder, "archives"));

    private static DebianPackage ReadStanza(string stanza)
    {
        string Field(string name) => Regex.Match(stanza, $"^{name}: (.*)$", RegexOptions.Multiline | RegexOptions.CultureInvariant) is { Success: true } match
            ? match.Groups[1].Value
            : throw new ImageException($"apt-cache show: a package without the field {name}");

        return new DebianPackage(Field("Package"), Field("Version"), Field("Architecture"), Field("SHA256"));
    }

    // "999": newer than any version somebody depends on.
    private static string CountsAsInstalled(string name) =>
        $"Package: {name}\nStatus: install ok installed\nArchitecture: all\nMulti-Arch: foreign\nVersion: 999\n"
        + "Maintainer: waltvpn-image\nDescription: not part of an image\n\n";

    [GeneratedRegex(@"^Inst (?<name>\S+) (?:\[\S+\] )?\((?<version>\S+) ", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Inst();
}

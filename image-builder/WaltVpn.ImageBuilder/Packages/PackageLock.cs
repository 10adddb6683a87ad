using System.Text;
using System.Text.RegularExpressions;
using WaltVpn.ImageBuilder.HostTools;

namespace WaltVpn.ImageBuilder.Packages;

/// <summary>
/// What an image was made from. One package per line: <c>name=version architecture sha256:DIGITS</c>, sorted, then one host tool per line:
/// <c>tool name=version</c>. Lines that start with # are comments.
/// </summary>
/// <param name="Packages">What is in the image. <c>--locked</c> takes exactly these.</param>
/// <param name="Tools">Of the machine that made it. Informative: <c>--locked</c> says when they differ.</param>
/// <remarks>Written beside the image; without the tools, which the image's content does not come from, also into its initramfs.</remarks>
internal sealed partial record PackageLock(IReadOnlyList<DebianPackage> Packages, IReadOnlyList<ToolVersion> Tools)
{
    /// <summary>Where the list stands in the initramfs.</summary>
    public const string ImagePath = "/etc/waltvpn/packages.lock";

    private const string Header = "# Packages of a WaltVpn image. To build with exactly these again: waltvpn-image sd --locked\n";

    /// <summary>The text of the file; the order of the lists does not matter.</summary>
    public string Write()
    {
        var text = new StringBuilder(Header);
        foreach (var package in Packages.OrderBy(package => package.Name, StringComparer.Ordinal))
        {
            text.Append(package).Append(' ').Append(package.Architecture).Append(" sha256:").Append(package.Sha256).Append('\n');
        }

        foreach (var tool in Tools.OrderBy(tool => tool.Package, StringComparer.Ordinal)) text.Append("tool ").Append(tool).Append('\n');
        return text.ToString();
    }

    /// <summary>Writes the file, under another name first: it is the old one or the new one, never half.</summary>
    public async Task SaveAsync(string path, CancellationToken cancellation)
    {
        var partial = $"{path}.{Path.GetRandomFileName()}.partial";
        try
        {
            await File.WriteAllTextAsync(partial, Write(), cancellation);
            File.Move(partial, path, overwrite: true);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }

    /// <summary>Reads the text of a file.</summary>
    /// <param name="name">What to call the file in messages.</param>
    /// <exception cref="ImageException">A line is not of the form above, a package or tool is named twice, or there is no package.</exception>
    public static PackageLock Parse(string name, string text)
    {
        var packages = new List<DebianPackage>();
        var tools = new List<ToolVersion>();
        foreach (var (line, number) in text.Split('\n').Select((line, index) => (line.TrimEnd('\r'), index + 1)))
        {
            if (line.Length == 0 || line[0] == '#') continue;
            if (ToolLine().Match(line) is { Success: true } found)
            {
                var tool = new ToolVersion(found.Groups["name"].Value, found.Groups["version"].Value);
                if (tools.Any(other => other.Package == tool.Package)) throw Wrong(name, $"line {number} names {tool.Package} a second time");
                tools.Add(tool);
                continue;
            }

            if (Line().Match(line) is not { Success: true } match) throw Wrong(name, $"line {number} is not 'name=version architecture sha256:DIGITS'");
            var package = new DebianPackage(match.Groups["name"].Value, match.Groups["version"].Value,
                match.Groups["architecture"].Value, match.Groups["sha256"].Value);
            if (packages.Any(other => other.Name == package.Name)) throw Wrong(name, $"line {number} names {package.Name} a second time");
            packages.Add(package);
        }

        return packages.Count > 0 ? new PackageLock(packages, tools) : throw Wrong(name, "it names no package");
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="ImageException">It cannot be read, or as for <see cref="Parse"/>.</exception>
    public static PackageLock Read(string path)
    {
        using var file = InputFile.Open(path, "a lock file", "waltvpn-image fetch writes it, and so does a build without --locked");
        using var reader = new StreamReader(file);
        return Parse(Path.GetFileName(path), reader.ReadToEnd());
    }

    private static ImageException Wrong(string name, string problem) =>
        new($"{name} is no lock file: {problem}", "build once without --locked: that writes a new one");

    // Debian policy 5.6.1 (names) and 5.6.12 (versions).
    [GeneratedRegex(
        "^(?<name>[a-z0-9][a-z0-9+.-]+)=(?<version>[0-9][A-Za-z0-9.+~:-]*) (?<architecture>[a-z0-9-]+) sha256:(?<sha256>[0-9a-f]{64})$",
        RegexOptions.CultureInvariant)]
    private static partial Regex Line();

    [GeneratedRegex("^tool (?<name>[a-z0-9][a-z0-9+.-]+)=(?<version>[0-9][A-Za-z0-9.+~:-]*)$", RegexOptions.CultureInvariant)]
    private static partial Regex ToolLine();
}

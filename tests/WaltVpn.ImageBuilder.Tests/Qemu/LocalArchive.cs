using System.Security.Cryptography;
using System.Text;

namespace WaltVpn.ImageBuilder.Tests.Qemu;

/// <summary>A package source in a folder, which apt reads in place of the machine's own sources (APT_CONFIG): a network that is reached by file names.</summary>
internal sealed class LocalArchive
{
    private readonly string _folder;

    private LocalArchive(string folder) => _folder = folder;

    /// <summary>For the program under test: the archive is the only source.</summary>
    public IReadOnlyDictionary<string, string?> Environment => new Dictionary<string, string?> { ["APT_CONFIG"] = Path.Combine(_folder, "apt.conf") };

    /// <summary>Makes an archive of packages.</summary>
    /// <param name="folder">Is made.</param>
    public static async Task<LocalArchive> CreateAsync(string folder, IEnumerable<string> debs)
    {
        Directory.CreateDirectory(folder);
        var index = new StringBuilder();
        foreach (var deb in debs)
        {
            // apt takes no colon and no percent sign in a file name literally.
            var name = Path.GetFileName(deb).Replace("%3a", "-", StringComparison.Ordinal);
            File.CreateSymbolicLink(Path.Combine(folder, name), deb);
            var sha256 = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(deb, TestContext.Current.CancellationToken)));
            index.Append(await HostProgram.CheckAsync("dpkg-deb", ["--field", deb])).Append($"Filename: ./{name}\nSize: {new FileInfo(deb).Length}\nSHA256: {sha256}\n\n");
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "Packages"), index.ToString(), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "apt.conf"), $"Dir::Etc::sourcelist \"{folder}/sources.list\";\nDir::Etc::sourceparts \"/dev/null\";\n", TestContext.Current.CancellationToken);
        var archive = new LocalArchive(folder);
        await archive.SetSourcesAsync($"deb [trusted=yes] copy:{folder} ./");
        return archive;
    }

    /// <summary>Adds another source, in the form of sources.list(5).</summary>
    public Task AddSourceAsync(string line) => File.AppendAllTextAsync(Path.Combine(_folder, "sources.list"), line + "\n", TestContext.Current.CancellationToken);

    /// <summary>Replaces all sources.</summary>
    public Task SetSourcesAsync(string line) => File.WriteAllTextAsync(Path.Combine(_folder, "sources.list"), line + "\n", TestContext.Current.CancellationToken);
}

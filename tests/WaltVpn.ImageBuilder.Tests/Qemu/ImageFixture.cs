using WaltVpn.ImageBuilder.Packages;
using WaltVpn.ImageBuilder.Tests.Qemu;

[assembly: AssemblyFixture(typeof(ImageFixture))]

namespace WaltVpn.ImageBuilder.Tests.Qemu;

/// <summary>One image of the virtual board, made once by the program itself from real packages, with boot-probe.c as its agent.</summary>
public sealed class ImageFixture : IAsyncDisposable
{
    private static readonly string[] _tools =
        ["apt-get", "dpkg-deb", "depmod", "zstd", "xz", "sfdisk", "mkfs.vfat", "mcopy", "mke2fs", "syslinux", "gcc", "ssh-keygen"];

    private readonly TemporaryFolder _folder = new();
    private readonly Lazy<Task> _built;

    public ImageFixture() => _built = new Lazy<Task>(BuildAsync);

    public string Folder => _folder.Path;

    public string Image => _folder["node.img"];

    public string Lock => _folder["node.lock"];

    public string Settings => _folder["node.yaml"];

    public string Agent => _folder["agent"];

    /// <summary>What the program printed while it made the image.</summary>
    public string Progress { get; private set; } = "";

    internal SampleSettings Sample { get; private set; } = null!;

    /// <summary>Makes the image for the first test that asks.</summary>
    public Task BuiltAsync()
    {
        HostProgram.Require(_tools);
        return _built.Value;
    }

    /// <summary>Runs waltvpn-image sd for another image of the same inputs.</summary>
    /// <param name="output">The image to make.</param>
    /// <param name="more">Further options.</param>
    public Task<(int Status, string Output, string Errors)> SdAsync(string output, params IReadOnlyList<string> more) =>
        ImageProgram.RunAsync(["sd", "--board", "qemu-x64", "--settings", Settings, "--agent", Agent, "--output", output, .. more]);

    /// <summary>The .deb files that the image was made from, in the machine's cache.</summary>
    public async Task<IReadOnlyList<string>> PackagesAsync()
    {
        await BuiltAsync();
        return PackageLock.Read(Lock).Packages.Select(package => Path.Combine(ImageProgram.DefaultCache, "apt-amd64", "archives", package.FileName)).ToList();
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task BuildAsync()
    {
        Sample = await SampleSettings.CreateAsync(Folder);
        await File.WriteAllTextAsync(Settings, Sample.Yaml);
        await HostProgram.CheckAsync("gcc", ["-O2", "-Wall", "-Werror", "-o", Agent, Path.Combine(AppContext.BaseDirectory, "Qemu", "boot-probe.c")]);
        // The machine's own cache: a second run of the tests downloads nothing.
        var (status, output, errors) = await SdAsync(Image);
        status.ShouldBe(0, output + errors);
        Progress = output;
    }
}

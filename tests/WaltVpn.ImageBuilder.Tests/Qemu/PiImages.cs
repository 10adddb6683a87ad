using WaltVpn.ImageBuilder.Tests.Qemu;

[assembly: AssemblyFixture(typeof(PiImages))]

namespace WaltVpn.ImageBuilder.Tests.Qemu;

/// <summary>One image of each Raspberry Pi board, made once by the program itself from real packages, with boot-probe.c as its agent.</summary>
public sealed class PiImages : IAsyncDisposable
{
    private static readonly string[] _tools =
        ["apt-get", "dpkg-deb", "depmod", "zstd", "xz", "gzip", "dtc", "fdtoverlay", "fdtget", "sfdisk", "mkfs.vfat", "mcopy", "mke2fs", "aarch64-linux-gnu-gcc", "ssh-keygen"];

    private readonly TemporaryFolder _folder = new();
    private readonly SemaphoreSlim _one = new(1);

    public string Settings => _folder["node.yaml"];

    public string Agent => _folder["agent"];

    /// <summary>Where the kernel packages of all boards lie.</summary>
    public static string Archives => Path.Combine(ImageProgram.DefaultCache, "apt-arm64-trixie", "archives");

    internal SampleSettings Sample { get; private set; } = null!;

    /// <summary>The image of a board.</summary>
    public string Image(string board) => _folder[$"{board}.img"];

    /// <summary>What was recorded of it.</summary>
    public string Lock(string board) => _folder[$"{board}.lock"];

    /// <summary>A folder with the content of its boot partition.</summary>
    public string Boot(string board) => _folder[$"{board}.boot"];

    /// <summary>A folder with the content of its initramfs.</summary>
    public string Initramfs(string board) => _folder[$"{board}.initramfs"];

    /// <summary>Makes the image of a board for the first test that asks, and takes it apart.</summary>
    public async Task BuiltAsync(string board)
    {
        HostProgram.Require(_tools);
        await _one.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (!File.Exists(Agent)) await PrepareAsync();
            if (!Directory.Exists(Initramfs(board))) await BuildAsync(board);
        }
        finally
        {
            _one.Release();
        }
    }

    public ValueTask DisposeAsync()
    {
        _one.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task PrepareAsync()
    {
        Sample = await SampleSettings.CreateAsync(_folder.Path);
        await File.WriteAllTextAsync(Settings, Sample.Yaml);
        await HostProgram.CheckAsync("aarch64-linux-gnu-gcc", ["-O2", "-Wall", "-Werror", "-o", Agent, Path.Combine(AppContext.BaseDirectory, "Qemu", "boot-probe.c")]);
    }

    private async Task BuildAsync(string board)
    {
        var (status, output, errors) = await ImageProgram.RunAsync(["sd", "--board", board, "--settings", Settings, "--agent", Agent, "--output", Image(board)]);
        status.ShouldBe(0, output + errors);
        Directory.CreateDirectory(Boot(board));
        await HostProgram.CheckAsync("mcopy", ["-s", "-n", "-i", $"{Image(board)}@@1M", "::/*", Boot(board)]);
        var archive = _folder[$"{board}.cpio"];
        await HostProgram.CheckAsync("zstd", ["-q", "-d", "-o", archive, Path.Combine(Boot(board), "initramfs.zst")]);
        var folder = Directory.CreateDirectory($"{Initramfs(board)}.new").FullName;
        await HostProgram.CheckAsync("cpio", ["-idm", "--quiet", "--no-absolute-filenames", "-F", archive], folder);
        Directory.Move(folder, Initramfs(board));
    }
}

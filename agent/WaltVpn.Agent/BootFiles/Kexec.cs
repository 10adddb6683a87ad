using System.Globalization;
using System.IO.Compression;
using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.BootFiles;

/// <summary>kexec(8): this kernel starts the next one, without the board's firmware.</summary>
internal sealed class Kexec(INodeLog log) : IKernelStarter
{
    /// <summary>Leads, on the next kernel's command line, the SHA-256 of the image that it was taken from.</summary>
    public const string StageTwoWord = "waltvpn.stage2=";

    private const string Program = "/bin/kexec";
    private const string Console = "console=";
    private const int LongestReason = 300;

    // In memory: the first root file system.
    private const string Folder = "/boot-image";

    /// <summary>Until the agent of the next kernel takes over, and between two of its signs.</summary>
    private static readonly TimeSpan WatchdogTime = TimeSpan.FromSeconds(120);

    /// <inheritdoc/>
    public async Task Load(BootImage image)
    {
        Directory.CreateDirectory(Folder);
        var (kernel, initramfs) = (Path.Combine(Folder, "kernel"), Path.Combine(Folder, "initramfs"));
        try
        {
            image.Extract(image.Manifest.Initramfs, initramfs);
            image.Extract(image.Manifest.Kernel, kernel);
            if (image.Manifest.Kernel.EndsWith(".gz", StringComparison.Ordinal)) kernel = Unpack(kernel);
            var line = CommandLine(image.CommandLine, File.ReadAllText("/proc/cmdline"), image.Sha256);
            await Run("-l", kernel, $"--initrd={initramfs}", $"--command-line={line}");
        }
        catch (Exception wrong) when (wrong is FormatException or FileNotFoundException or InvalidDataException)
        {
            throw new BootImageException($"it cannot be unpacked: {wrong.Message}", wrong);
        }
        finally
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    /// <inheritdoc/>
    public void Start()
    {
        if (Watchdog.TryOpen() is { } watchdog)
            log.Info(BootStage.BootFiles, $"the hardware watchdog waits {watchdog.Arm(WatchdogTime).TotalSeconds:0} s for it");
        Reboot.Sync();
        Reboot.IntoLoadedKernel();
    }

    /// <summary>The image's line, with the consoles of this start: those of this very board, which somebody may have changed on the card.</summary>
    internal static string CommandLine(string image, string running, string sha256) => string.Join(
        ' ',
        [
            .. Words(image).Where(word => !IsConsole(word)), .. Words(running).Where(IsConsole), StageTwoWord + sha256,
        ]);

    /// <summary>The image that this kernel was taken from; null: it was not started by stage 1.</summary>
    internal static string? StageTwoImage(string commandLine) =>
        Words(commandLine).LastOrDefault(word => word.StartsWith(StageTwoWord, StringComparison.Ordinal)) is { } found
        && found[StageTwoWord.Length..] is { Length: 64 } image && image.All(char.IsAsciiHexDigitLower) ? image : null;

    /// <summary>Of the boot image that this kernel was taken from, by stage 1 or by the firmware; null: it is the card's own.</summary>
    internal static long? Epoch(string commandLine) =>
        Words(commandLine).LastOrDefault(word => word.StartsWith(BootManifest.EpochParameter, StringComparison.Ordinal)) is { } found
        && long.TryParse(found[BootManifest.EpochParameter.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var epoch) ? epoch : null;

    private static bool IsConsole(string word) => word.StartsWith(Console, StringComparison.Ordinal);

    private static string[] Words(string line) => line.Split([' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries);

    private static string Unpack(string path)
    {
        var plain = path + ".plain";
        using (var packed = new GZipStream(File.OpenRead(path), CompressionMode.Decompress))
        using (var target = File.Create(plain)) packed.CopyTo(target);
        File.Delete(path);
        return plain;
    }

    private static async Task Run(params string[] arguments)
    {
        var (reader, writer) = FileDescriptor.Pipe();
        using (reader)
        {
            ChildProcess process;
            using (writer) process = ChildProcess.Start(Program, arguments, ["PATH=/sbin:/bin"], standardOutput: writer, standardError: writer);
            var said = ReadAll(reader);
            var status = await process.Exited;
            if (!status.Success) throw new BootImageException($"kexec ended with {status}: {WaltHttp.WaltHttpClient.Printable(said)}");
        }
    }

    private static string ReadAll(FileDescriptor reader)
    {
        var text = new StringWriter();
        var buffer = new byte[LongestReason];
        for (int length; (length = reader.Read(buffer)) > 0;) text.Write(System.Text.Encoding.Latin1.GetString(buffer, 0, length));
        return text.ToString().Trim();
    }
}

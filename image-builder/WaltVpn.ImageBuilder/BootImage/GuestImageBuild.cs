using System.Text;
using WaltVpn.ImageBuilder.BootFiles;
using WaltVpn.ImageBuilder.HostTools;
using WaltVpn.ImageBuilder.SdImage;
using WaltVpn.Protocol;

namespace WaltVpn.ImageBuilder.BootImage;

/// <summary>Makes a virtual machine's boot.img and boot.sig out of somebody's kernel and initramfs (docs/handoff.md).</summary>
internal static class GuestImageBuild
{
    private const string KernelName = "kernel", InitramfsName = "initramfs", CommandLineName = "cmdline.txt";

    /// <summary>Bytes of a kernel's command line at most, on every architecture.</summary>
    private const int MostCommandLine = 2047;

    /// <summary>Makes both files, or leaves nothing behind.</summary>
    /// <exception cref="ImageException">A foreseen failure.</exception>
    public static async Task RunAsync(GuestImageRequest request, Progress progress, CancellationToken cancellation)
    {
        if (request.CommandLine.Length > MostCommandLine || request.CommandLine.Any(c => c is < ' ' or > '~'))
            throw new ImageException($"--append takes up to {MostCommandLine} printable ASCII characters") { ExitStatus = ExitStatus.Usage };
        using var key = BootKey.Read(request.Key);
        var tools = HostToolbox.Find([HostTool.Stat, HostTool.MkfsVfat, HostTool.Mcopy]);
        Directory.CreateDirectory(request.Folder);
        using var image = await PrepareAsync(BootImageBuild.ImageName);
        using var signature = await PrepareAsync(BootImageBuild.SignatureName);
        using var work = new WorkFolder();
        try
        {
            await progress.StepAsync(BootImageBuild.ImageName, Make, bytes => ($"FAT16, {request.Kind}", bytes));
            image.Commit();
            signature.Commit();
        }
        catch (Exception error) when (DiskSpace.IsFull(error))
        {
            throw DiskSpace.Full(work.Path, Path.Combine(request.Folder, BootImageBuild.ImageName), request.Folder, error);
        }

        Task<OutputFile> PrepareAsync(string name) => OutputFile.PrepareAsync(tools, Path.Combine(request.Folder, name), request.Force, name, cancellation);

        async Task<long> Make()
        {
            var boot = await CollectAsync(request, work.CreateFolder("boot"), cancellation);
            var bytes = await new BootVolume(tools).WriteAsync(image, boot, cancellation);
            await BootVolume.SignAsync(key, image, signature, SourceDate.Read(), cancellation);
            return bytes;
        }
    }

    private static async Task<BootFolder> CollectAsync(GuestImageRequest request, string folder, CancellationToken cancellation)
    {
        var newest = DateTimeOffset.UnixEpoch;
        foreach (var (path, name) in ((string, string)[])[(request.Kernel, KernelName), (request.Initramfs, InitramfsName)])
        {
            await using var source = InputFile.Open(path, $"a guest's {name}", "name an existing file");
            await using var copy = File.Create(Path.Combine(folder, name));
            await source.CopyToAsync(copy, cancellation);
            var date = File.GetLastWriteTimeUtc(path);
            if (date > newest.UtcDateTime) newest = date;
        }

        var time = DateTimeOffset.FromUnixTimeSeconds(SourceDate.Read() ?? newest.ToUnixTimeSeconds());
        var manifest = new BootManifest
        {
            Version = BootManifest.CurrentVersion,
            Board = request.Kind,
            Epoch = request.Epoch,
            BuildTime = time,
            Kernel = KernelName,
            Initramfs = InitramfsName,
            CommandLine = CommandLineName,
        };
        await File.WriteAllBytesAsync(Path.Combine(folder, BootManifest.FileName), manifest.ToBytes(), cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, CommandLineName), request.CommandLine + "\n", Encoding.ASCII, cancellation);
        return new BootFolder(folder, [BootManifest.FileName, CommandLineName, KernelName, InitramfsName], time);
    }
}

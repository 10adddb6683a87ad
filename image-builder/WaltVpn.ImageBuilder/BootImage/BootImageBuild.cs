using System.Text;
using WaltVpn.ImageBuilder.BootFiles;
using WaltVpn.ImageBuilder.HostTools;
using WaltVpn.ImageBuilder.Packages;
using WaltVpn.ImageBuilder.SdImage;
using MaxSizes = WaltVpn.Protocol.BootFiles;

namespace WaltVpn.ImageBuilder.BootImage;

/// <summary>
/// Makes boot.img, the FAT file system that a board's firmware loads from a web server and boots from memory, and its signature. What an SD card boots
/// from is in it, and no settings: it is sent in clear text, and the same for all boards of a kind.
/// </summary>
internal sealed class BootImageBuild
{
    public const string ImageName = "boot.img";
    public const string SignatureName = "boot.sig";

    /// <summary>2 KiB clusters of FAT16: 8 to 134 MB.</summary>
    private const int Bits = 16;
    private const int SectorsPerCluster = 4;
    private const int ClusterBytes = SectorsPerCluster * FatVolume.SectorBytes;

    /// <summary>Bytes beside the files: at most 200 KiB of allocation tables and root folder, and free clusters, without which older firmware fails at
    /// the last one.</summary>
    private const int Spare = 512 << 10;

    private readonly BootImageRequest _request;
    private readonly HostToolbox _tools;
    private readonly Progress _progress;

    private BootImageBuild(BootImageRequest request, HostToolbox tools, Progress progress) => (_request, _tools, _progress) = (request, tools, progress);

    /// <summary>Makes both files, or leaves nothing behind.</summary>
    /// <exception cref="ImageException">A foreseen failure.</exception>
    public static Task RunAsync(BootImageRequest request, Progress progress, CancellationToken cancellation)
    {
        var tools = HostToolbox.Find([.. BootFilesBuild.ToolsFor(request.Inputs.Board), HostTool.Stat, HostTool.MkfsVfat, HostTool.Mcopy]);
        return new BootImageBuild(request, tools, progress).RunAsync(cancellation);
    }

    private async Task RunAsync(CancellationToken cancellation)
    {
        using var key = _request.Key is { } path ? BootKey.Read(path) : null;
        var agent = AgentProgram.Read(_request.Inputs);
        Directory.CreateDirectory(_request.Folder);
        using var image = await PrepareAsync(ImageName, cancellation);
        using var signature = await PrepareAsync(SignatureName, cancellation);
        using var work = new WorkFolder();
        try
        {
            var present = await MakeImageAsync(agent, image, work, cancellation);
            if (key is not null) await SignAsync(key, image, signature, cancellation);
            if (!_request.Inputs.Locked) await present.SaveAsync(_request.Inputs.Lock, cancellation);
            image.Commit();
            if (key is not null) signature.Commit();
        }
        catch (Exception error) when (DiskSpace.IsFull(error))
        {
            throw DiskSpace.Full(work.Path, Path.Combine(_request.Folder, ImageName), _request.Inputs.Cache, error);
        }
    }

    private Task<OutputFile> PrepareAsync(string name, CancellationToken cancellation) =>
        OutputFile.PrepareAsync(_tools, Path.Combine(_request.Folder, name), _request.Force, name, cancellation);

    private async Task<PackageLock> MakeImageAsync(byte[] agent, OutputFile output, WorkFolder work, CancellationToken cancellation)
    {
        var (made, present) = await new BootFilesBuild(_request.Inputs, _tools, _progress).MakeAsync(agent, work, cancellation);
        var boot = await ManifestFile.AddAsync(made, _request.Inputs.Board, _request.Epoch, cancellation);
        await _progress.StepAsync(ImageName, Write, bytes => ("FAT16, without settings", bytes));
        return present;

        async Task<long> Write()
        {
            var bytes = boot.Files.Sum(file => RoundUp(new FileInfo(file).Length)) + Spare;
            if (bytes > MaxSizes.MaxImageSize)
                throw new ImageException($"{ImageName} would have {bytes} bytes; the boards' firmware is documented to take {MaxSizes.MaxImageSize}");
            output.Create(bytes);
            var identity = await ImageIdentity.OfAsync(boot.Files, cancellation);
            var volume = new FatVolume(_tools, output.PartialPath, new Extent(0, bytes));
            await volume.FormatAsync(Bits, SectorsPerCluster, identity.BootVolume, cancellation);
            await volume.FillAsync(boot.Path, boot.Names, boot.Modified, cancellation);
            return bytes;
        }
    }

    private async Task SignAsync(BootKey key, OutputFile image, OutputFile signature, CancellationToken cancellation)
    {
        var content = await File.ReadAllBytesAsync(image.PartialPath, cancellation);
        var time = _request.Inputs.SourceDateEpoch is { } seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : DateTimeOffset.UtcNow;
        var text = Encoding.ASCII.GetBytes(key.Sign(content, time).ToText());
        signature.Create(text.Length);
        await File.WriteAllBytesAsync(signature.PartialPath, text, cancellation);
    }

    private static long RoundUp(long bytes) => (bytes + ClusterBytes - 1) / ClusterBytes * ClusterBytes;
}

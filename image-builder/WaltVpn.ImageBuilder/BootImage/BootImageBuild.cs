using WaltVpn.ImageBuilder.BootFiles;
using WaltVpn.ImageBuilder.HostTools;
using WaltVpn.ImageBuilder.Packages;
using WaltVpn.ImageBuilder.SdImage;

namespace WaltVpn.ImageBuilder.BootImage;

/// <summary>
/// Makes boot.img, the FAT file system that a board's firmware loads from a web server and boots from memory, and its signature. What an SD card boots
/// from is in it, and no settings: it is sent in clear text, and the same for all boards of a kind.
/// </summary>
internal sealed class BootImageBuild
{
    public const string ImageName = "boot.img";
    public const string SignatureName = "boot.sig";

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
            if (key is not null) await BootVolume.SignAsync(key, image, signature, _request.Inputs.SourceDateEpoch, cancellation);
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
        await _progress.StepAsync(ImageName, () => new BootVolume(_tools).WriteAsync(output, boot, cancellation), bytes => ("FAT16, without settings", bytes));
        return present;
    }
}

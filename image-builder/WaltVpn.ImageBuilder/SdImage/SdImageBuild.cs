using WaltVpn.ImageBuilder.Boards;
using WaltVpn.ImageBuilder.BootFiles;
using WaltVpn.ImageBuilder.HostTools;
using WaltVpn.ImageBuilder.Settings;
using WaltVpn.Protocol;

namespace WaltVpn.ImageBuilder.SdImage;

/// <summary>Makes an SD image: what the board boots from, then the disk. What is asked for is checked before anything is done.</summary>
internal sealed class SdImageBuild
{
    private readonly SdImageRequest _request;
    private readonly HostToolbox _tools;
    private readonly Progress _progress;

    private SdImageBuild(SdImageRequest request, HostToolbox tools, Progress progress) => (_request, _tools, _progress) = (request, tools, progress);

    /// <summary>Makes the image, or leaves nothing behind.</summary>
    /// <exception cref="ImageException">A foreseen failure.</exception>
    /// <exception cref="IOException">A file could not be read or written.</exception>
    public static Task RunAsync(SdImageRequest request, Progress progress, CancellationToken cancellation)
    {
        var board = request.Inputs.Board;
        var tools = HostToolbox.Find(
            [
                .. BootFilesBuild.ToolsFor(board), HostTool.Stat, HostTool.Sfdisk, HostTool.MkfsVfat, HostTool.Mcopy, HostTool.Mke2fs,
                .. request.Compression is { } compression ? [compression.Tool] : Array.Empty<HostTool>(),
                .. board.BootLoader is SyslinuxLoader ? [HostTool.Syslinux, HostTool.SyslinuxMbr] : Array.Empty<HostTool>(),
            ]);
        return new SdImageBuild(request, tools, progress).RunAsync(cancellation);
    }

    private async Task RunAsync(CancellationToken cancellation)
    {
        var settings = SettingsFile.Read(_request.Settings);
        if (settings.Mode == HandOffMode.VirtualMachine && _request.Inputs.Board.Variant.Length == 0)
            throw new ImageException("the settings say mode: vm, and this image would have no virtual machine", "add --with-vm (to waltvpn-image fetch too)");
        var agent = AgentProgram.Read(_request.Inputs);
        using var output = await OutputFile.PrepareAsync(_tools, _request.Output, _request.Force, "walt-vpn-node.img", cancellation);
        var sumName = _request.Output + ChecksumFile.Suffix;
        // It belongs to the image: who may write over that means both.
        using var sum = await OutputFile.PrepareAsync(_tools, sumName, overwrite: true, "walt-vpn-node.img.sha256", cancellation);
        using var work = new WorkFolder();
        try
        {
            await MakeAsync(settings, agent, (output, sum), work, cancellation);
        }
        catch (Exception error) when (DiskSpace.IsFull(error))
        {
            throw DiskSpace.Full(work.Path, _request.Output, _request.Inputs.Cache, error);
        }
    }

    private async Task MakeAsync(
        NodeSettings settings, byte[] agent, (OutputFile Image, OutputFile Sum) output, WorkFolder work, CancellationToken cancellation)
    {
        var more = settings.HttpEntrypoint is null ? "" : _request.Inputs.Board.StageOneParameters;
        var files = new BootFilesBuild(_request.Inputs, _tools, _progress) { MoreParameters = more };
        var (boot, present) = await files.MakeAsync(agent, work, cancellation);
        await _progress.StepAsync(
            "disk",
            () => WriteDiskAsync(output.Image, boot, CardSettings.Write(settings), cancellation),
            bytes => ("MBR, FAT32, ext4; size on this disk is smaller", bytes));
        await _progress.StepAsync(
            "finish",
            () => FinishAsync(output.Image, output.Sum, cancellation),
            bytes => ($"{_request.Compression?.Name ?? "not compressed"}, SHA-256 beside it", bytes));
        if (!_request.Inputs.Locked) await present.SaveAsync(_request.Inputs.Lock, cancellation);
        output.Image.Commit();
        output.Sum.Commit();
    }

    private async Task<long> FinishAsync(OutputFile image, OutputFile sum, CancellationToken cancellation)
    {
        if (_request.Compression is { } compression)
            File.Move(await compression.CompressAsync(_tools, image.PartialPath, cancellation), image.PartialPath);
        var text = await ChecksumFile.OfAsync(image.PartialPath, Path.GetFileName(_request.Output), cancellation);
        sum.Create(text.Length);
        await File.WriteAllBytesAsync(sum.PartialPath, text, cancellation);
        return new FileInfo(image.PartialPath).Length;
    }

    private async Task<long> WriteDiskAsync(OutputFile output, BootFolder boot, byte[] settings, CancellationToken cancellation)
    {
        var board = _request.Inputs.Board;
        var layout = DiskLayout.Of(board, _request.Mebibytes);
        var identity = await ImageIdentity.OfAsync(boot.Files, cancellation);
        output.Create(layout.Bytes);
        string[] quietly = ["--quiet", "--no-reread", "--no-tell-kernel", output.PartialPath];
        await _tools.RunAsync(HostTool.Sfdisk, quietly, cancellation, input: layout.ToSfdisk(identity.Disk));
        var partition = new BootPartition(_tools, output.PartialPath, layout, identity);
        await partition.FormatAsync(cancellation);
        await partition.FillAsync(board, boot, settings, cancellation);
        await new StatePartition(_tools, output.PartialPath, layout, identity).FormatAsync(cancellation);
        return layout.Bytes;
    }
}

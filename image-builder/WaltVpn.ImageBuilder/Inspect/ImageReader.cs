using System.Globalization;
using System.Text.RegularExpressions;
using WaltVpn.ImageBuilder.BootFiles;
using WaltVpn.ImageBuilder.HostTools;
using WaltVpn.ImageBuilder.SdImage;
using WaltVpn.ImageBuilder.Settings;
using WaltVpn.Protocol;

namespace WaltVpn.ImageBuilder.Inspect;

/// <summary>Reads an image from the outside in: partitions, file systems, settings, initramfs. Changes nothing and needs no root.</summary>
internal sealed partial class ImageReader
{
    private readonly HostToolbox _tools;
    private readonly string _image;

    private ImageReader(HostToolbox tools, string image) => (_tools, _image) = (tools, image);

    /// <summary>Reads an image file.</summary>
    /// <exception cref="ImageException">It is none of ours, cut off or damaged.</exception>
    public static Task<ImageReport> ReadAsync(string image, CancellationToken cancellation)
    {
        InputFile.Open(image, "an image", "images are made by: waltvpn-image sd").Dispose();
        var tools = HostToolbox.Find(HostTool.Sfdisk, HostTool.Mcopy, HostTool.Mlabel, HostTool.Debugfs, HostTool.Zstd);
        return new ImageReader(tools, Path.GetFullPath(image)).ReadAsync(cancellation);
    }

    private async Task<ImageReport> ReadAsync(CancellationToken cancellation)
    {
        var (boot, state) = await PartitionTable.ReadAsync(_tools, _image, cancellation);
        using var work = new WorkFolder();
        var bootLabel = await ReadBootLabelAsync(boot, cancellation);
        var stateLabel = await ReadStateLabelAsync(state, cancellation);
        var folder = work.CreateFolder("boot");
        await _tools.RunAsync(HostTool.Mcopy, ["-s", "-i", FatAt(boot), "::/*", folder], cancellation);
        var initramfs = await InitramfsContents.ReadAsync(_tools, Existing(folder, BootFolder.InitramfsName), cancellation);
        var info = initramfs.Info;
        return new ImageReport
        {
            Image = _image,
            Bytes = new FileInfo(_image).Length,
            Board = info.Board,
            BuilderVersion = info.Version,
            BuildTime = info.BuildTime,
            Kernel = info.Kernel,
            TestRuntime = info.TestRuntime,
            Partitions =
            [
                new PartitionReport(1, "fat32", bootLabel, boot.Start, boot.Length, ListFolder(folder)),
                new PartitionReport(2, "ext4", stateLabel, state.Start, state.Length, await ListStateAsync(state, cancellation)),
            ],
            Settings = ReadSettings(Existing(folder, NodeSettings.FileName)),
            Initramfs = initramfs.Summary,
            Packages = initramfs.Packages,
        };
    }

    private async Task<string> ReadBootLabelAsync(Extent boot, CancellationToken cancellation)
    {
        string label;
        try
        {
            label = (await _tools.RunAsync(HostTool.Mlabel, ["-s", "-i", FatAt(boot), "::"], cancellation)).Text;
        }
        catch (ImageException error)
        {
            throw PartitionTable.NoImage(_image, "its first partition is not FAT", error);
        }

        if (!label.Contains(DiskLayout.BootLabel, StringComparison.Ordinal))
            throw PartitionTable.NoImage(_image, $"its first partition is not called {DiskLayout.BootLabel}");
        return DiskLayout.BootLabel;
    }

    private async Task<string> ReadStateLabelAsync(Extent state, CancellationToken cancellation)
    {
        // debugfs exits with 0 whatever happens; what it prints tells.
        var stats = await DebugfsAsync("show_super_stats -h", state, cancellation);
        var label = VolumeName().Match(stats) is { Success: true } match ? match.Groups[1].Value : "";
        return label == DiskLayout.StateLabel ? label : throw PartitionTable.NoImage(_image, $"its second partition is no ext4 called {DiskLayout.StateLabel}");
    }

    private async Task<IReadOnlyList<FileReport>> ListStateAsync(Extent state, CancellationToken cancellation)
    {
        // A line is /inode/mode/uid/gid/name/size/; the size of a folder is empty.
        var list = await DebugfsAsync("ls -p /", state, cancellation);
        return list.Split('\n').Select(line => line.Split('/')).Where(columns => columns.Length == 8 && columns[5] is not ("." or ".."))
            .Select(columns => new FileReport(columns[5],
                long.TryParse(columns[6], NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : 0)).ToList();
    }

    private async Task<string> DebugfsAsync(string command, Extent state, CancellationToken cancellation) =>
        (await _tools.RunAsync(HostTool.Debugfs, ["-R", command,
            string.Create(CultureInfo.InvariantCulture, $"{_image}?offset={state.Start}")], cancellation)).Text;

    private string Existing(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        return File.Exists(path) ? path : throw PartitionTable.NoImage(_image, $"its boot partition has no {name}");
    }

    private string FatAt(Extent partition) => string.Create(CultureInfo.InvariantCulture, $"{_image}@@{partition.Start}");

    private static List<FileReport> ListFolder(string folder) =>
        new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories)
            .Select(file => new FileReport(Path.GetRelativePath(folder, file.FullName), file.Length))
            .OrderBy(file => file.Name, StringComparer.Ordinal).ToList();

    private static SettingsReport ReadSettings(string path)
    {
        try
        {
            var settings = SettingsFile.Read(path);
            return new SettingsReport
            {
                Platform = settings.Platform,
                SshEntrypoints = settings.SshEntrypoints,
                HostKeys = settings.HostKeys,
                EnrollmentKey = settings.EnrollmentKey.ToString(),
                EnrollmentToken = settings.EnrollmentToken?.ToString(),
                Problems = [],
            };
        }
        catch (ImageException error)
        {
            // A card that somebody edited wrongly is still worth looking at.
            return new SettingsReport { Problems = error.Hints };
        }
    }

    [GeneratedRegex(@"^Filesystem volume name:\s+(.*)$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex VolumeName();
}

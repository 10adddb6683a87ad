using System.Text.Json;
using WaltVpn.Agent.BootFiles;
using WaltVpn.Agent.Guests;
using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Startup;

/// <summary>The FAT partition the machine booted from: it holds the settings a person can edit.</summary>
internal static class BootPartition
{
    public const string Label = "WALT_VPN";
    private const string MountPoint = "/run/walt-vpn/boot";
    private const int MaxSettingsLength = 64 * 1024;

    private static readonly ProtocolJson s_json = new(new JsonSerializerOptions(ProtocolJson.Default.Options)
    {
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    });

    /// <summary>Reads the settings and leaves the partition unmounted, so that a card can be pulled at any time.</summary>
    /// <exception cref="StageException">No partition, no file, or a mistake in it.</exception>
    public static NodeSettings ReadSettings()
    {
        var device = Volume.FindByLabel(Label);
        Directory.CreateDirectory(MountPoint);
        Mount.Attach(device, MountPoint, "vfat", MountFlags.MS_RDONLY | MountFlags.MS_NOSUID | MountFlags.MS_NODEV | MountFlags.MS_NOEXEC);
        try
        {
            var file = new FileInfo(Path.Combine(MountPoint, NodeSettings.FileName));
            if (!file.Exists)
                throw new StageException($"{NodeSettings.FileName} is not on the boot partition {device}. Write the image again, or put the file back.");
            if (file.Length > MaxSettingsLength)
                throw new StageException($"{NodeSettings.FileName} has {file.Length} bytes; settings have at most {MaxSettingsLength}.");
            return Parse(File.ReadAllBytes(file.FullName));
        }
        finally
        {
            Mount.Detach(MountPoint);
        }
    }

    /// <summary>Reads and checks the settings.</summary>
    /// <param name="json">The file, or what has its form.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="StageException">A mistake: the message names the member and says what belongs there.</exception>
    internal static NodeSettings Parse(ReadOnlySpan<byte> json, string name = NodeSettings.FileName)
    {
        NodeSettings? settings;
        try
        {
            settings = JsonSerializer.Deserialize(json, s_json.NodeSettings);
        }
        catch (JsonException mistake)
        {
            throw new StageException($"{name}: {mistake.Message}", mistake);
        }

        if (settings is null) throw new StageException($"{name} is empty.");
        if (!SshEntrypoint.IsHostName(settings.Platform))
            throw new StageException(
                $"{name}: platform '{settings.Platform}' is no id; it has small letters, digits, hyphens and dots.");
        if (settings.SshEntrypoints.Count == 0) throw new StageException($"{name}: sshEntrypoints is empty; name at least one host.");
        if (settings.SshEntrypoints.Where(text => !SshEntrypoint.TryParse(text, out _)).Take(1).ToList() is [var wrong])
            throw new StageException($"{name}: sshEntrypoints: '{wrong}' is no host name or address, with or without :port.");
        if (settings.HostKeys.Count == 0 || !settings.HostKeys.All(HostKeyLine.IsUsable))
            throw new StageException($"{name}: hostKeys must list the server's keys, each like {HostKeyLine.Form}.");
        if ((BootSource.Problem(settings) ?? GuestWish.Problem(settings)) is { } problem) throw new StageException($"{name}: {problem}.");
        return settings;
    }
}

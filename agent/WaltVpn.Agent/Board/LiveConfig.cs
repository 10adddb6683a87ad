using System.Buffers.Binary;
using System.Text;
using WaltVpn.Eeprom;

namespace WaltVpn.Agent.Board;

/// <summary>The bootloader configuration that a board started with. The firmware leaves it in memory and names the place in the device tree;
/// the kernel's driver nvmem-rmem makes a file of it. It stays what it is until the next start, whatever is written meanwhile.</summary>
internal abstract record LiveConfig
{
    private const string DeviceTree = "sys/firmware/devicetree/base";
    private const string Devices = "sys/bus/nvmem/devices";

    /// <summary>Bytes of the file that are looked at; a configuration has at most 4076.</summary>
    private const int Longest = 64 * 1024;

    private const string Vendor = "Raspberry Pi";

    private LiveConfig()
    {
    }

    /// <summary>It was read.</summary>
    /// <param name="Source">Where, for the log.</param>
    internal sealed record Found(BootConfig Config, string Source) : LiveConfig;

    /// <summary>There is none.</summary>
    /// <param name="Why">For code that decides by it.</param>
    /// <param name="Reason">What was looked at, what was found, what to do.</param>
    internal sealed record Absent(LiveConfigAbsence Why, string Reason) : LiveConfig;

    /// <summary>Reads it.</summary>
    /// <param name="root"><c>/</c>, or a folder laid out like it.</param>
    public static LiveConfig Read(string root)
    {
        var tree = Path.Combine(root, DeviceTree);
        if (NoEeprom(tree) is { } other) return other;
        var alias = Path.Combine(tree, "aliases/blconfig");
        if (!File.Exists(alias)) return NoNode($"{alias} does not exist: the device tree does not say where the firmware left the configuration");
        if (FindNode(tree, alias) is not { } node) return NoNode($"{alias} holds '{ReadText(alias)}', which is no node of the device tree");
        var status = Path.Combine(node, "status");
        if (File.Exists(status) && ReadText(status) is not ("okay" or "ok")) return NoNode($"{node} is disabled: this firmware did not fill it");
        var devices = Path.Combine(root, Devices);
        return FindDevice(devices, node) is not { } file
            ? new Absent(LiveConfigAbsence.NoDriver, $"no device below {devices} is {node}: the driver is missing; modprobe nvmem-rmem (Linux 6.12 or later)")
            : ReadFile(file);
    }

    /// <summary>The content of <c>pubkey.bin</c> that the board started with, which the firmware leaves in the same way.</summary>
    /// <param name="root">As for <see cref="Read"/>.</param>
    /// <returns>Null when it cannot be had.</returns>
    public static byte[]? ReadBootKey(string root)
    {
        var tree = Path.Combine(root, DeviceTree);
        var alias = Path.Combine(tree, "aliases/blpubkey");
        if (!File.Exists(alias) || FindNode(tree, alias) is not { } node || FindDevice(Path.Combine(root, Devices), node) is not { } file) return null;
        var content = File.ReadAllBytes(file);
        return content.Length < RsaPublicKey.BinaryLength ? null : content[..RsaPublicKey.BinaryLength];
    }

    private static Absent? NoEeprom(string tree)
    {
        const int NewStyle = 1 << 23;
        var model = Path.Combine(tree, "model");
        if (!File.Exists(model)) return new Absent(LiveConfigAbsence.NotARaspberryPi, $"{model} does not exist: this machine has no device tree");
        var name = ReadText(model);
        if (!name.StartsWith(Vendor, StringComparison.Ordinal)) return new Absent(LiveConfigAbsence.NotARaspberryPi, $"this board is a {name}, no {Vendor}");
        var revision = Path.Combine(tree, "system/linux,revision");
        if (!File.Exists(revision) || File.ReadAllBytes(revision) is not { Length: sizeof(uint) } bytes) return null;
        var code = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        // Chips: 3 is BCM2711 (Raspberry Pi 4), 4 is BCM2712 (5); the earlier ones start from other memory.
        var hasEeprom = (code & NewStyle) != 0 && (code >> 12 & 0xf) is 3 or 4;
        return hasEeprom ? null : new Absent(LiveConfigAbsence.NoBootEeprom, $"this board is a {name} (revision {code:x}), which has no boot EEPROM");
    }

    /// <summary>Folder of the node that an alias names: a path from the root of the tree.</summary>
    private static string? FindNode(string tree, string alias)
    {
        var path = ReadText(alias);
        if (path.Length < 2 || path[0] != '/' || path.Split('/').Contains("..")) return null;
        var node = Path.GetFullPath(Path.Combine(tree, path[1..]));
        return Directory.Exists(node) ? node : null;
    }

    /// <summary>The device whose <c>of_node</c> link leads to the node. The device's own entry is a link too, and links are relative to where they
    /// lie.</summary>
    private static string? FindDevice(string devices, string node)
    {
        if (!Directory.Exists(devices)) return null;
        foreach (var entry in Directory.EnumerateFileSystemEntries(devices).Order(StringComparer.Ordinal))
        {
            var device = Directory.ResolveLinkTarget(entry, returnFinalTarget: true)?.FullName ?? entry;
            var link = Path.Combine(device, "of_node");
            // Memory that is not in the device tree has no such link.
            if (!Directory.Exists(link) || Directory.ResolveLinkTarget(link, returnFinalTarget: true)?.FullName is not { } target) continue;
            if (Path.TrimEndingDirectorySeparator(target) == node) return Path.Combine(device, "nvmem");
        }

        return null;
    }

    private static LiveConfig ReadFile(string file)
    {
        try
        {
            using var stream = File.OpenRead(file);
            var buffer = new byte[Longest];
            var content = buffer.AsSpan(0, stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false));
            // The region may be larger than the text.
            var end = content.IndexOfAny((byte)0, (byte)0xff);
            return new Found(BootConfig.Parse(end < 0 ? content : content[..end]), file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new Absent(LiveConfigAbsence.Unreadable, $"{file}: {failure.Message}; only root may read it");
        }
    }

    private static Absent NoNode(string reason) =>
        new(LiveConfigAbsence.NoNode, $"{reason}; start with a device tree that has the node, as the boot files of waltvpn-image have");

    private static string ReadText(string file) => Encoding.Latin1.GetString(File.ReadAllBytes(file)).TrimEnd('\0');
}

using System.Globalization;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Guests.Usb;

/// <summary>Reads the board's USB devices from sysfs, and finds those that the board itself lives from.</summary>
/// <param name="sys">Where sysfs is mounted.</param>
internal sealed class UsbTree(string sys)
{
    /// <summary>All devices now, hubs among them. One that leaves while it is read is left out.</summary>
    /// <param name="uplink">The network interface that carries the tunnel.</param>
    /// <param name="volumes">Block devices that the board uses, <c>sda2</c>.</param>
    public IReadOnlyList<UsbDevice> Read(string uplink, IEnumerable<string> volumes)
    {
        var folder = Path.Combine(sys, "bus/usb/devices");
        if (!Directory.Exists(folder)) return [];
        (string Path, string For)[] own =
        [
            (RealPath(Path.Combine(sys, "class/net", uplink)), $"{uplink}, which carries the tunnel, is on it"),
            .. volumes.Select(volume => (RealPath(Path.Combine(sys, "class/block", volume)), $"the board's own files are on it ({volume})")),
        ];
        List<UsbDevice> devices = [];
        foreach (var name in Directory.EnumerateFileSystemEntries(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal))
        {
            // Interfaces, 1-1:1.0, and the roots of the buses, usb1, are no ports.
            if (!UsbRule.IsPort(name)) continue;
            try
            {
                devices.Add(ReadDevice(name, RealPath(Path.Combine(folder, name)), own));
            }
            catch (Exception gone) when (gone is IOException or FormatException or UnauthorizedAccessException)
            {
                // Unplugged: the event that says so is on its way.
            }
        }

        return devices;
    }

    private static UsbDevice ReadDevice(string port, string path, (string Path, string For)[] own)
    {
        List<byte> classes = [(byte)Hexadecimal(path, "bDeviceClass")];
        foreach (var entry in Directory.EnumerateDirectories(path, $"{port}:*").Order(StringComparer.Ordinal))
            classes.Add((byte)Hexadecimal(entry, "bInterfaceClass"));
        return new UsbDevice(
            port, Number(path, "busnum"), Number(path, "devnum"), Hexadecimal(path, "idVendor"), Hexadecimal(path, "idProduct"), classes,
            IsFixed: Text(path, "removable") == "fixed",
            own.FirstOrDefault(used => used.Path.StartsWith(path + '/', StringComparison.Ordinal)).For);
    }

    private static ushort Hexadecimal(string path, string name) => ushort.Parse(Text(path, name), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private static int Number(string path, string name) => int.Parse(Text(path, name), NumberStyles.None, CultureInfo.InvariantCulture);

    // "removable" is missing where the firmware says nothing of the port.
    private static string Text(string path, string name)
    {
        var file = Path.Combine(path, name);
        return name != "removable" || File.Exists(file) ? File.ReadAllText(file).Trim() : "unknown";
    }

    // What a link of sysfs leads to; links in sysfs are one step.
    private static string RealPath(string link) =>
        new DirectoryInfo(link).LinkTarget is { } target ? Path.GetFullPath(target, Path.GetDirectoryName(link)!) : Path.GetFullPath(link);
}

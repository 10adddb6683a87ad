using Shouldly;
using WaltVpn.Agent.Guests;
using WaltVpn.Agent.Guests.Usb;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Guests;

/// <summary>A sysfs as a Raspberry Pi 3 B+ shows it, in a folder.</summary>
public sealed class UsbTreeTests : IDisposable
{
    private readonly string _sys = Directory.CreateTempSubdirectory("waltvpn-sys-").FullName;

    public void Dispose() => Directory.Delete(_sys, recursive: true);

    private string Device(string path, string @class, string vendor, string product, int number, string? removable = null, params string[] interfaces)
    {
        var folder = Path.Combine(_sys, "devices/usb1", path);
        Directory.CreateDirectory(folder);
        var port = Path.GetFileName(path);
        foreach (var (name, text) in ((string, string)[])[
            ("bDeviceClass", @class), ("idVendor", vendor), ("idProduct", product), ("busnum", "1"), ("devnum", $"{number}"), ("removable", removable ?? "")])
        {
            if (name != "removable" || removable is not null) File.WriteAllText(Path.Combine(folder, name), text + "\n");
        }

        foreach (var (code, index) in interfaces.Select((code, index) => (code, index)))
        {
            Directory.CreateDirectory(Path.Combine(folder, $"{port}:1.{index}"));
            File.WriteAllText(Path.Combine(folder, $"{port}:1.{index}", "bInterfaceClass"), code + "\n");
            Link("bus/usb/devices", $"{port}:1.{index}", Path.Combine(folder, $"{port}:1.{index}"));
        }

        Link("bus/usb/devices", port, folder);
        return folder;
    }

    private void Link(string folder, string name, string target)
    {
        Directory.CreateDirectory(Path.Combine(_sys, folder));
        File.CreateSymbolicLink(Path.Combine(_sys, folder, name), Path.GetRelativePath(Path.Combine(_sys, folder), target));
    }

    [Fact]
    public void DevicesAreReadWithWhatTheBoardUsesThemFor()
    {
        Directory.CreateDirectory(Path.Combine(_sys, "devices/usb1"));
        Link("bus/usb/devices", "usb1", Path.Combine(_sys, "devices/usb1"));
        Device("1-1", "09", "0424", "2514", 2, "fixed", "09");
        var adapter = Device("1-1/1-1.1", "ff", "0424", "7800", 3, "fixed", "ff");
        var disk = Device("1-1/1-1.2", "00", "46f4", "0001", 4, "removable", "08");
        Device("1-1/1-1.3", "00", "0403", "6001", 5, null, "ff", "0a");
        Directory.CreateDirectory(Path.Combine(adapter, "1-1.1:1.0/net/eth0"));
        Link("class/net", "eth0", Path.Combine(adapter, "1-1.1:1.0/net/eth0"));
        Directory.CreateDirectory(Path.Combine(disk, "1-1.2:1.0/host0/block/sda/sda1"));
        Link("class/block", "sda1", Path.Combine(disk, "1-1.2:1.0/host0/block/sda/sda1"));

        var devices = new UsbTree(_sys).Read("eth0", ["sda1", "mmcblk0p2"]);

        devices.Select(device => device.ToString()).ShouldBe(
            ["0424:2514 at port 1-1", "0424:7800 at port 1-1.1", "46f4:0001 at port 1-1.2", "0403:6001 at port 1-1.3"]);
        devices.Select(device => device.IsHub).ShouldBe([true, false, false, false]);
        devices.Select(device => device.IsFixed).ShouldBe([true, true, false, false]);
        devices[1].UsedFor.ShouldBe("eth0, which carries the tunnel, is on it");
        devices[2].UsedFor.ShouldBe("the board's own files are on it (sda1)");
        devices[3].ShouldSatisfyAllConditions(
            serial => serial.UsedFor.ShouldBeNull(),
            serial => serial.Classes.ShouldBe([0x00, 0xFF, 0x0A]),
            serial => serial.Node.ShouldBe("/dev/bus/usb/001/005"));
        // The same disk, once the board has nothing on it.
        new UsbTree(_sys).Read("eth0", [])[2].UsedFor.ShouldBeNull();
    }

    [Fact]
    public void DeviceThatLeavesWhileItIsReadIsLeftOut()
    {
        Device("1-1", "00", "0403", "6001", 2);
        var gone = Device("1-2", "00", "0403", "6001", 3);
        File.Delete(Path.Combine(gone, "devnum"));
        Link("bus/usb/devices", "1-3", Path.Combine(_sys, "devices/usb1/1-3"));
        new UsbTree(_sys).Read("eth0", []).ShouldHaveSingleItem().Port.ShouldBe("1-1");
    }

    [Fact]
    public void BoardWithoutUsbHasNoDevices() => new UsbTree(_sys).Read("eth0", []).ShouldBeEmpty();

    [Fact]
    public void MountedDevicesAreFound() =>
        OwnVolumes.MountedIn("proc /proc proc rw 0 0\n/dev/mmcblk0p2 /run/walt-vpn/state ext4 ro 0 0\n").ShouldBe(["mmcblk0p2"]);
}

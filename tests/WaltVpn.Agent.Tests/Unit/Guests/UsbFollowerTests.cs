using System.Diagnostics;
using Shouldly;
using WaltVpn.Agent.Guests.Qmp;
using WaltVpn.Agent.Guests.Usb;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Guests;

public sealed class UsbFollowerTests : IDisposable
{
    private const string Qemu = "/usr/bin/qemu-system-x86_64";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private readonly string _folder = Directory.CreateTempSubdirectory("waltvpn-usb-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task DeviceThatVanishesWhileItIsGivenIsSaidAndOfferedAgain()
    {
        Assert.SkipUnless(File.Exists(Qemu), "qemu-system-x86_64 is missing");
        var socket = Path.Combine(_folder, "qmp.sock");
        using var qemu = Process.Start(
            new ProcessStartInfo(Qemu, ["-machine", "none", "-nodefaults", "-display", "none", "-qmp", $"unix:{socket},server=on,wait=off"]))!;
        try
        {
            using var connection = await QmpConnection.Open(socket, Deadline, _ => { }, qemu.WaitForExitAsync(Cancellation), Cancellation);
            var log = new RecordingLog();
            // Seen in sysfs, and gone when its device node is opened.
            var present = new List<UsbDevice> { new("1-1", 999, 7, 0x0403, 0x6001, [0, 0xFF], IsFixed: false, UsedFor: null) };
            var follower = new UsbFollower(() => present, new UsbPolicy(null, []), log);
            (await follower.Step(connection, Cancellation)).ShouldBeTrue("it is new");
            log.Lines.ShouldBeEmpty();
            for (var i = 0; i < 10; i++) (await follower.Step(connection, Cancellation)).ShouldBeFalse();
            log.Lines.Count.ShouldBe(2, string.Join('\n', log.Lines));
            log.Lines[0].ShouldMatch("warning HandOff: USB 0403:6001 at port 1-1 cannot be given to the guest: .*/dev/bus/usb/999/007.* Trying again.");
            log.Lines[1].ShouldEndWith("Plug it again to try again.");
            // Another plug is another device.
            present[0] = present[0] with { Number = 8 };
            for (var i = 0; i < 2; i++) await follower.Step(connection, Cancellation);
            log.Lines.Count.ShouldBe(3);
            // The board's own disk drops off the bus and comes back, and at first nothing tells that it is the board's.
            present[0] = present[0] with { Number = 9, Product = 1, UsedFor = "it holds the board's card" };
            await follower.Step(connection, Cancellation);
            present[0] = present[0] with { Number = 10, UsedFor = null };
            for (var i = 0; i < 3; i++) await follower.Step(connection, Cancellation);
            log.Lines.Count.ShouldBe(4, string.Join('\n', log.Lines));
            log.Lines[3].ShouldEndWith("stays with the board: it holds the board's card");
            present.Clear();
            await follower.Step(connection, Cancellation);
            (await connection.Execute(QmpCommand.QueryStatus, Cancellation)).Status.ShouldBe("running");
        }
        finally
        {
            if (!qemu.HasExited) qemu.Kill();
            await qemu.WaitForExitAsync(Cancellation);
        }
    }
}

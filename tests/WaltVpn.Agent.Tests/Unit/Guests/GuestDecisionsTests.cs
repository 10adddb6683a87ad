using Shouldly;
using WaltVpn.Agent.Guests;
using WaltVpn.Agent.Guests.Qmp;
using WaltVpn.Agent.Guests.Usb;
using WaltVpn.Agent.Network;
using WaltVpn.Linux;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Guests;

public sealed class GuestDecisionsTests
{
    private static GuestWish Wish(int? memory, int? cores) => new(memory, cores, new UsbPolicy(null, []));

    private static DhcpLease Lease(params (string Name, string Value)[] others)
    {
        var variables = new Dictionary<string, string> { ["ip"] = "10.77.0.61", ["mask"] = "24", ["serverid"] = "10.77.0.2" };
        foreach (var (name, value) in others) variables[name] = value;
        DhcpLease.TryRead(variables, out var lease).ShouldBeTrue();
        return lease;
    }

    [Theory]
    [InlineData(null, null, 1000, 4, 712, 4)]
    [InlineData(null, null, 8000, 4, 7000, 4)]
    [InlineData(512, 2, 8000, 4, 512, 2)]
    [InlineData(null, null, 300, 1, 96, 1)]
    public void GuestGetsWhatIsAskedForOrWhatTheBoardCanSpare(int? memory, int? cores, int boardMemory, int boardCores, int gets, int getsCores)
    {
        var size = GuestSize.Of(Wish(memory, cores), boardMemory, boardCores);
        (size.Memory, size.Cores, size.Remark).ShouldBe((gets, getsCores, null));
    }

    [Fact]
    public void SettingsThatTheBoardCannotKeepAreSaid()
    {
        var size = GuestSize.Of(Wish(4096, 8), 1000, 4);
        (size.Memory, size.Cores).ShouldBe((712, 4));
        size.Remark.ShouldBe("this board can give its virtual machine only 712 MiB of memory instead of 4096 and 4 processors instead of 8");
    }

    [Fact]
    public void MemoryIsReadFromTheKernelsTable() => GuestSize.MemoryIn("MemTotal:         497284 kB\nMemFree:          400000 kB\n").ShouldBe(485);

    [Theory]
    [InlineData("http://10.77.0.1/guest/boot.img", "http://10.77.0.1/guest/boot.img")]
    [InlineData("http://10.77.0.1:8000/a/b/", "http://10.77.0.1:8000/a/b/boot.img")]
    [InlineData("http://10.77.0.1/", "http://10.77.0.1/boot.img")]
    [InlineData("/guest", "http://10.77.0.2/guest/boot.img")]
    public void DhcpsBootFileNamesTheImage(string bootFile, string found) =>
        GuestSource.Find(Lease(("boot_file", bootFile))).Source.ShouldNotBeNull().ToString().ShouldBe(found);

    [Theory]
    [InlineData("pxelinux.0")]
    [InlineData("https://10.77.0.1/guest/")]
    [InlineData("tftp://10.77.0.1/guest/")]
    [InlineData("http://server.example/guest/")]
    [InlineData("http://10.77.0.1")]
    [InlineData("http://10.77.0.1:0/guest/")]
    [InlineData("http://10.77.0.1:80:80/guest/")]
    [InlineData("http://10.77.0.1:+80/guest/")]
    [InlineData("http://10.77.0.1/gu est/")]
    [InlineData("http://10.77.0.1/guest\r\nHost: x/")]
    public void BootFileThatIsNoAddressOfAnImageIsSaid(string bootFile)
    {
        var (source, reason) = GuestSource.Find(Lease(("boot_file", bootFile)));
        source.ShouldBeNull();
        reason.ShouldStartWith("DHCP's boot file '");
        reason.ShouldNotContain("\n");
    }

    [Fact]
    public void PlatformThatNamesNoImageIsToldWhatToDo() =>
        GuestSource.Find(Lease()).Reason.ShouldContain("the platform names no image for the virtual machine");

    [Fact]
    public void NextServerIsThatOfTheBootFile() =>
        GuestSource.Find(Lease(("boot_file", "/x/boot.img"), ("siaddr", "10.77.0.9"))).Source!.ToString().ShouldBe("http://10.77.0.9/x/boot.img");

    [Theory]
    [InlineData(600, 9, 0)]
    [InlineData(10, 0, 0)]
    [InlineData(10, 1, 30)]
    [InlineData(10, 3, 120)]
    [InlineData(10, 500, 3600)]
    public void GuestThatNeverLastsIsStartedLaterAndLater(int lasted, int shortBefore, int wait) =>
        GuestPatience.BeforeRestart(TimeSpan.FromSeconds(lasted), shortBefore).ShouldBe(TimeSpan.FromSeconds(wait));

    [Theory]
    [InlineData("guest-reset", nameof(GuestEndKind.Restarted))]
    [InlineData("guest-shutdown", nameof(GuestEndKind.SwitchedOff))]
    [InlineData("guest-panic", nameof(GuestEndKind.Failed))]
    [InlineData("host-signal", nameof(GuestEndKind.Broken))]
    public void EndIsWhatQemuSaysOfIt(string reason, string kind) =>
        GuestMachine.EndOf([Event("SHUTDOWN", reason)], new ExitStatus(0, 0), null, "").Kind.ToString().ShouldBe(kind);

    [Fact]
    public void HungPanickedAndBrokenGuestsAreTold()
    {
        GuestMachine.EndOf([Event("WATCHDOG", null), Event("SHUTDOWN", "guest-reset")], new ExitStatus(0, 0), null, "").Words.ShouldContain("watchdog");
        GuestMachine.EndOf([Event("GUEST_PANICKED", null), Event("SHUTDOWN", "guest-reset")], new ExitStatus(0, 0), null, "").Words.ShouldBe("panicked");
        GuestMachine.EndOf([], new ExitStatus(1, 0), null, "qemu: no room").Words.ShouldBe("broke down: QEMU ended with exit status 1: qemu: no room");
        GuestMachine.EndOf([], new ExitStatus(0, 9), "query-status: nothing came", "").Words.ShouldBe(
            "answers no more (query-status: nothing came) and was ended");
    }

    [Fact]
    public void WhatGuestsPrintIsMadeLinesOfTheLog()
    {
        var lines = new List<string>();
        var guest = new GuestLines(new ImpatientTime(), lines.Add);
        guest.Add("\u001b[1;32mgreen\u001b[0m\r\n\r\n\a<4>bell\u0000\nhalf"u8);
        guest.Add(" a line\n"u8);
        guest.Add(System.Text.Encoding.UTF8.GetBytes(new string('x', 500) + "\n"));
        guest.Add("last"u8);
        guest.End();
        lines.ShouldBe(["green", "<4>bell", "half a line", new string('x', 240) + " …", "last"]);
    }

    [Fact]
    public void GuestThatPrintsWithoutPauseIsCutShort()
    {
        var lines = new List<string>();
        var guest = new GuestLines(new StandingTime(), lines.Add);
        for (var i = 0; i < 5000; i++) guest.Add("noise\n"u8);
        lines.Count.ShouldBe(400);
    }

    [Theory]
    [InlineData("vm", "AAAA", null, null, true)]
    [InlineData("kvm", "AAAA", null, null, false)]
    [InlineData("direct", null, "0", null, false)]
    [InlineData(null, null, "512M", null, false)]
    [InlineData(null, null, "512", "65", false)]
    public void SettingsThatAreNoneAreNamed(string? mode, string? key, string? memory, string? cores, bool right)
    {
        var settings = new NodeSettings
        {
            Platform = "p",
            SshEntrypoints = ["a"],
            HostKeys = ["b"],
            EnrollmentKey = new Secret("c"),
            Mode = mode,
            BootKey = key,
            GuestMemory = memory,
            GuestCores = cores,
        };
        (GuestWish.Problem(settings) is null).ShouldBe(right);
    }

    private static QmpMessage Event(string name, string? reason) => new() { Event = name, Data = reason is null ? null : new QmpEventData { Reason = reason } };

    private sealed class StandingTime : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }
}

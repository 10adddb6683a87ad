using Shouldly;
using WaltVpn.Agent.Guests.Usb;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Guests;

public sealed class UsbPlanTests
{
    private static readonly UsbPolicy Everything = new(null, []);

    private static UsbDevice Device(string port, int number = 5, ushort vendor = 0x0403, ushort product = 0x6001, byte @class = 0xFF) =>
        new(port, 1, number, vendor, product, [0, @class], IsFixed: false, UsedFor: null);

    private static UsbPolicy Policy(string[]? allow, params string[] deny) => new(allow is null ? null : Rules(allow), Rules(deny));

    private static List<UsbRule> Rules(string[] texts) => [.. texts.Select(text =>
    {
        UsbRule.TryParse(text, out var rule).ShouldBeTrue(text);
        return rule!;
    })];

    [Fact]
    public void EveryDeviceGoesToTheGuestAndHubsStayButWhatIsBehindThemGoes()
    {
        var hub = Device("1-1", 2) with { Classes = [9, 9] };
        var plan = UsbPlan.Of([hub, Device("1-1.2", 3), Device("1-2", 4)], [], Everything);
        plan.Give.Select(device => device.Port).ShouldBe(["1-1.2", "1-2"]);
        plan.Release.ShouldBeEmpty();
        plan.Keep.ShouldBeEmpty();
    }

    [Fact]
    public void DeviceIsReleasedOnUnplugAndGivenAgainWhenItComesBack()
    {
        var first = Device("1-1", 5);
        UsbPlan.Of([first], [first.Plug], Everything).ShouldSatisfyAllConditions(plan => plan.Give.ShouldBeEmpty(), plan => plan.Release.ShouldBeEmpty());
        UsbPlan.Of([], [first.Plug], Everything).Release.ShouldBe([first.Plug]);
        // Unplugged and plugged between two looks: another number, so the guest is told of both.
        var again = Device("1-1", 6);
        var swapped = UsbPlan.Of([again], [first.Plug], Everything);
        (swapped.Release.Single(), swapped.Give.Single()).ShouldBe((first.Plug, again));
    }

    [Fact]
    public void DeviceThatIsJustBeingResetIsNeitherReleasedNorGiven()
    {
        var plug = Device("1-1", 5).Plug;
        var reset = UsbPlan.Of([Device("1-1", 0), Device("1-2", 0)], [plug], Everything);
        reset.Release.ShouldBeEmpty();
        reset.Give.ShouldBeEmpty();
    }

    [Fact]
    public void WhatTheBoardLivesFromIsNeverGivenAway()
    {
        var uplink = Device("1-1") with { UsedFor = "eth0, which carries the tunnel, is on it" };
        var soldered = Device("1-3") with { IsFixed = true };
        var plan = UsbPlan.Of([uplink, soldered], [uplink.Plug], Policy(["0403:*"]));
        plan.Give.ShouldBeEmpty();
        // The uplink moved to an adapter that the guest had.
        plan.Release.ShouldBe([uplink.Plug]);
        plan.Keep.Select(entry => entry.Reason).ShouldBe(["eth0, which carries the tunnel, is on it", "it is no device of an outer port"]);
    }

    [Theory]
    [InlineData(null, "0403:6001", false)]
    [InlineData(null, "0403:*", false)]
    [InlineData(null, "0403:6002", true)]
    [InlineData(null, "class:08", false)]
    [InlineData(null, "class:03", true)]
    [InlineData(null, "port:1-1", false)]
    [InlineData(null, "port:1-1.2", false)]
    [InlineData(null, "port:1-1.20", true)]
    [InlineData("0403:6001", "046d:*", true)]
    [InlineData("046d:*", "046d:c52b", false)]
    [InlineData("class:08", "0403:6001", false)]
    public void SettingsDecideAndDenyingWins(string? allow, string deny, bool given) =>
        UsbPlan.Of([Device("1-1.2", @class: 8)], [], Policy(allow is null ? null : [allow], deny)).Give.Count.ShouldBe(given ? 1 : 0);

    [Theory]
    [InlineData("")]
    [InlineData("403:6001")]
    [InlineData("0403")]
    [InlineData("0403:60011")]
    [InlineData("*:6001")]
    [InlineData("class:8")]
    [InlineData("class:zz")]
    [InlineData("port:1")]
    [InlineData("port:1-")]
    [InlineData("port:1-1..2")]
    [InlineData("port:01-1")]
    [InlineData("0403:6001 ")]
    public void RuleThatIsNoneIsRefused(string text) => UsbRule.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void AnEmptyListOfAllowedDevicesGivesNothing() => UsbPlan.Of([Device("1-1")], [], Policy([])).Give.ShouldBeEmpty();
}

using Shouldly;
using WaltVpn.Agent.Network;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Network;

public sealed class DhcpLeaseTests
{
    private static Dictionary<string, string> Answer(params (string Name, string Value)[] others)
    {
        var variables = new Dictionary<string, string>
        {
            ["ip"] = "192.168.50.61",
            ["mask"] = "24",
            ["router"] = "192.168.50.1 192.168.50.2",
            ["dns"] = "192.168.50.1",
            ["domain"] = "Site.Example",
        };
        foreach (var (name, value) in others) variables[name] = value;
        return variables;
    }

    [Fact]
    public void ALeaseIsReadFromUdhcpcsVariables()
    {
        DhcpLease.TryRead(Answer(), out var lease).ShouldBeTrue();
        lease.ToString().ShouldBe("192.168.50.61/24");
        lease.Router!.ToString().ShouldBe("192.168.50.1");
        lease.NameServers.Select(server => server.ToString()).ShouldBe(["192.168.50.1"]);
        lease.Domain.ShouldBe("site.example");
    }

    [Theory]
    [InlineData("192.168.50.7", "24", true)]
    [InlineData("192.168.7.1", "16", true)]
    [InlineData("192.168.51.61", "24", false)]
    [InlineData("192.168.50.62", "32", true)]
    [InlineData("10.77.0.61", "24", false)]
    public void NetworksThatHaveAddressesInCommonOverlap(string address, string mask, bool overlap)
    {
        DhcpLease.TryRead(Answer(), out var site).ShouldBeTrue();
        DhcpLease.TryRead(Answer(("ip", address), ("mask", mask)), out var platform).ShouldBeTrue();
        (site.Overlaps(platform), platform.Overlaps(site)).ShouldBe((overlap, overlap));
    }

    [Theory]
    [InlineData("ip", "")]
    [InlineData("ip", "fe80::1")]
    [InlineData("ip", "192.168.50.61; reboot")]
    [InlineData("mask", "0")]
    [InlineData("mask", "33")]
    [InlineData("mask", "255.255.255.0")]
    public void AnAnswerWithoutUsableAddressIsNoLease(string name, string value) => DhcpLease.TryRead(Answer((name, value)), out _).ShouldBeFalse();

    [Theory]
    [InlineData("domain", "a\nnameserver 6.6.6.6")]
    [InlineData("dns", "not-an-address $(reboot)")]
    public void ForeignTextNeverReachesResolvConf(string name, string value)
    {
        DhcpLease.TryRead(Answer((name, value)), out var lease).ShouldBeTrue();
        var text = ResolvConf.Text(lease);
        text.ShouldNotContain("6.6.6.6");
        text.ShouldNotContain("reboot");
    }

    [Fact]
    public void AnEventSurvivesTheSocket()
    {
        var variables = Answer();
        var back = DhcpEvent.FromDatagram(new DhcpEvent("bound", variables).ToDatagram());
        back.Kind.ShouldBe("bound");
        back.Variables.ShouldBe(variables, ignoreOrder: true);
    }

    [Fact]
    public void NoiseOnTheSocketIsAnEventWithoutMeaning()
    {
        var random = new Random(20261120);
        for (var i = 0; i < 20_000; i++)
        {
            var noise = new byte[random.Next(200)];
            random.NextBytes(noise);
            DhcpLease.TryRead(DhcpEvent.FromDatagram(noise).Variables, out _).ShouldBeFalse();
        }
    }
}

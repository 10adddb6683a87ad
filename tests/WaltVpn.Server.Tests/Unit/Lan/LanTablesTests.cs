using System.Net;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Lan;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Lan;

/// <summary>What the LAN face reads to know a caller: the kernel's neighbours, dnsmasq's leases, the body of an enrolment.</summary>
public sealed class LanTablesTests
{
    private const string Key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIM+H0He7k0WrN+MiwEcCJ+//BaEiXHKY7cW9tH/pCukg";

    private static readonly string[] Neighbours =
    [
        "IP address       HW type     Flags       HW address            Mask     Device",
        "10.77.0.20       0x1         0x2         b8:27:eb:00:00:01     *        walt-net",
        "10.77.0.21       0x1         0x0         00:00:00:00:00:00     *        walt-net",
        "10.77.0.22       0x1         0x2         b8:27:eb:00:00:02     *        eth0",
        "10.77.0.23       0x1         0x6         b8:27:eb:00:00:03     *        walt-net",
        "10.77.0.24       0x18        0x2         b8:27:eb:00:00:04     *        walt-net",
        "10.77.0.25       0x1         0x2         00:00:00:00:00:00     *        walt-net",
    ];

    private static readonly string[] Leases =
    [
        "1795278000 b8:27:eb:00:00:01 10.77.0.20 rpi 01:b8:27:eb:00:00:01",
        "0 b8:27:eb:00:00:02 10.77.0.200 * *",
        "duid 00:01:00:01:2c:6b:6d:7a:52:54:00:12:34:56",
        "1795278000 06-b8:27:eb:00:00:03 10.77.0.23 * *",
    ];

    [Theory]
    [InlineData("10.77.0.20", "b8:27:eb:00:00:01")]
    [InlineData("10.77.0.23", "b8:27:eb:00:00:03")]
    [InlineData("10.77.0.2", null)] // beginning of another
    [InlineData("10.77.0.21", null)] // the kernel asked and nobody answered
    [InlineData("10.77.0.22", null)] // behind another interface
    [InlineData("10.77.0.24", null)] // no Ethernet
    [InlineData("10.77.0.25", null)] // nobody's MAC
    [InlineData("10.77.0.26", null)]
    public void NeighbourIsWhoAnsweredBehindTheInterface(string address, string? expected)
    {
        NeighbourTable.TryFind(Neighbours, IPAddress.Parse(address), "walt-net", out var mac).ShouldBe(expected is not null);
        if (expected is not null) mac.ToString().ShouldBe(expected);
    }

    [Fact]
    public void ThisMachineItselfIsNoNeighbour() =>
        NeighbourTable.TryFind(IPAddress.Loopback, IPAddress.Loopback, out _).ShouldBeFalse();

    [Theory]
    [InlineData("10.77.0.20", "b8:27:eb:00:00:01", true)]
    [InlineData("10.77.0.20", "b8:27:eb:00:00:02", false)]
    [InlineData("10.77.0.200", "b8:27:eb:00:00:02", true)]
    [InlineData("10.77.0.2", "b8:27:eb:00:00:01", false)]
    [InlineData("10.77.0.23", "b8:27:eb:00:00:03", false)]
    public void LeaseIsOfBothAddresses(string address, string mac, bool leased) =>
        LeaseFile.Has(Leases, IPAddress.Parse(address), MacAddress.Parse(mac)).ShouldBe(leased);

    [Theory]
    [InlineData(Key)]
    [InlineData(Key + "\n")]
    [InlineData(Key + "\r\n")]
    [InlineData(Key + " root@node\n")]
    [InlineData(Key + " a comment of several words")]
    [InlineData(Key + " h\u00e9l\u00e8ne@node")]
    [InlineData(Key + " ")]
    public void CommentAndLineEndAreDropped(string text) => SubmittedKey.Parse(text).Key.ShouldNotBeNull().Line.ShouldBe(Key);

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData(Key + "\n\n")]
    [InlineData(Key + "\n" + Key)]
    [InlineData(Key + " \u001b[2J")]
    [InlineData(Key + "\0")]
    [InlineData("restrict " + Key)]
    [InlineData("command=\"id\" " + Key)]
    [InlineData(" " + Key)]
    [InlineData("ssh-ed25519")]
    [InlineData("ssh-ed25519  AAAAC3NzaC1lZDI1NTE5AAAAIM+H0He7k0WrN+MiwEcCJ+//BaEiXHKY7cW9tH/pCukg")]
    [InlineData("-----BEGIN OPENSSH PRIVATE KEY-----\n")]
    public void AnythingElseIsRefusedInWords(string text)
    {
        var submitted = SubmittedKey.Parse(text);
        submitted.Key.ShouldBeNull();
        submitted.Refusal.ShouldNotBeNullOrEmpty();
    }
}

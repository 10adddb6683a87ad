using Shouldly;
using WaltVpn.Hub;
using WaltVpn.Hub.Connect;
using WaltVpn.Hub.Enrollment;
using WaltVpn.Hub.Login;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Tunnel.Tests.Unit;

/// <summary>What sshd gets to read from us, and what a node may ask for: docs/security.md SSH-4, SSH-5.</summary>
public sealed class SshHelperTests
{
    private const string Ticket = "00112233445566778899aabbccddeeff";
    private const string Principal = "waltvpn:ffeeddccbbaa99887766554433221100";
    private const string Key = "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

    [Fact]
    public void AdmittedCertificateGetsItsForcedCommand() =>
        AuthorizedLine.ForCertificate(Answer(Ticket, Principal), "/usr/bin/waltvpn-hub", " --login-socket /run/l")
            .ShouldBe($"restrict,command=\"/usr/bin/waltvpn-hub connect {Ticket} --login-socket /run/l\" {Principal}\n");

    [Theory]
    [InlineData("", Principal)]
    [InlineData("00112233445566778899aabbccddeef", Principal)]
    [InlineData("00112233445566778899aabbccddeeff0", Principal)]
    [InlineData("00112233445566778899AABBCCDDEEFF", Principal)]
    [InlineData("0011223344556677\";id;\"aabbccddee", Principal)]
    [InlineData(Ticket, "waltvpn:")]
    [InlineData(Ticket, "root")]
    [InlineData(Ticket, "walt-vpn")]
    [InlineData(Ticket, Principal + "\nroot")]
    [InlineData(Ticket, Principal + " root")]
    [InlineData(Ticket, Principal + ",root")]
    [InlineData(Ticket, null)]
    [InlineData(null, Principal)]
    public void AnythingElseGetsNoLine(string? ticket, string? principal) => AuthorizedLine.ForCertificate(Answer(ticket, principal), "/x", "").ShouldBeNull();

    [Fact]
    public void RefusedCertificateGetsNoLine() => AuthorizedLine.ForCertificate(Answer(Ticket, Principal) with { Allowed = false }, "/x", "").ShouldBeNull();

    [Fact]
    public void EnrolmentKeyGetsTheEnrolmentCommand() =>
        AuthorizedLine.ForKey("ssh-ed25519", Key, "/usr/bin/waltvpn-hub", "").ShouldBe($"restrict,command=\"/usr/bin/waltvpn-hub enroll\" ssh-ed25519 {Key}\n");

    [Theory]
    [InlineData("ssh-rsa", Key)]
    [InlineData("ssh-ed25519-cert-v01@openssh.com", Key)]
    [InlineData("ssh-ed25519 ", Key)]
    [InlineData("ssh-ed25519", "")]
    [InlineData("ssh-ed25519", Key + "AAAA")]
    [InlineData("ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4 ")]
    [InlineData("ssh-ed25519", "BAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f")]
    [InlineData("ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR\n\n")]
    public void OtherKeysGetNoLine(string type, string base64) => AuthorizedLine.ForKey(type, base64, "/x", "").ShouldBeNull();

    [Theory]
    [InlineData("/run/hub", true)]
    [InlineData("/run/hub-2/a.b_c", true)]
    [InlineData("run/hub", false)]
    [InlineData("/run/a b", false)]
    [InlineData("/run/\"x", false)]
    [InlineData("/run/$(id)", false)]
    [InlineData("/run/a\nb", false)]
    [InlineData("", false)]
    public void PathsInAForcedCommandArePlain(string path, bool plain) => Arguments.IsPlainPath(path).ShouldBe(plain);

    [Fact]
    public void TheFiveCommandsAreFound()
    {
        foreach (var command in (string[])
            [TunnelCommand.Version0, TunnelCommand.Version2, TunnelCommand.CheckInWaltNet, TunnelCommand.GetServerHostname, TunnelCommand.Settings])
            ConnectCommand.Find(command).ShouldBe(command);
    }

    [Fact]
    public void TwoHundredHostileCommandsAreNot()
    {
        string[] good = [TunnelCommand.Version2, TunnelCommand.CheckInWaltNet, TunnelCommand.GetServerHostname, TunnelCommand.Settings, "sh", "/bin/bash"];
        string[] before = ["", " ", "\t", "\n", ";", "exec ", "-- ", "\"", "'", "A=b ", "\0"];
        string[] after = ["", " ", "\n", ";id", " && id", "|id", "$(id)", "`id`", "\0", "\r", " #", "\u200b", "é"];
        var hostile = good.SelectMany(command => before.SelectMany(prefix => after.Select(suffix => prefix + command + suffix)))
            .Append("waltvpn-tunnel 1").Append("WALTVPN-TUNNEL 2").Append("waltvpn-tunnel  2").Append(" ").Append("\n")
            .Append("scp -t .").Append("internal-sftp")
            .Except(good[..4]).ToList();
        hostile.Count.ShouldBeGreaterThan(200);
        hostile.ShouldAllBe(command => ConnectCommand.Find(command) == null);
    }

    [Theory]
    [InlineData("192.0.2.7 50000 192.0.2.1 22", "192.0.2.7 192.0.2.1\n")]
    [InlineData("2001:db8::7 50000 2001:db8::1 22", "2001:db8::7 2001:db8::1\n")]
    [InlineData("192.0.2.7 50000 192.0.2.1", null)]
    [InlineData("here 1 there 2", null)]
    [InlineData(null, null)]
    public void RelayTellsBothAddresses(string? connection, string? line) => EnrollCommand.Addresses(connection).ShouldBe(line);

    private static LoginAnswer Answer(string? ticket, string? principal) => new() { Allowed = true, Ticket = ticket, Principal = principal };
}

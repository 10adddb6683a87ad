using System.Text;
using Shouldly;
using WaltVpn.Agent.Reconcile;
using WaltVpn.Agent.Tests.Reconcile;
using WaltVpn.Eeprom;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Reconcile;

/// <summary>A damaged identity is no identity, never a failure; and what then is done.</summary>
public sealed class StoredNodeTests
{
    private static readonly MacAddress Mac = MacAddress.Parse("52:54:00:12:34:56");

    [Theory]
    [InlineData("", "no node yet")]
    [InlineData("WALT_VPN_CREDS=!!!\n", "no WALT_VPN_MAC")]
    [InlineData("WALT_VPN_MAC=52:54:00:12:34:56\nWALT_VPN_CREDS=!!!\n", "not base64")]
    [InlineData("WALT_VPN_MAC=52:54:00:12:34:56\nWALT_VPN_CREDS=AAAA\n", "no archive")]
    [InlineData("WALT_VPN_MAC=52:54:00:12:34:56\nWALT_VPN_CREDS=\n", "no node yet")]
    public void WithoutCredentialsThereIsAReason(string config, string reason)
    {
        var stored = StoredNode.Read(BootConfig.Parse(Encoding.ASCII.GetBytes(config)));
        (stored.Credentials, stored.Key).ShouldBe((null, null));
        stored.Problem.ShouldContain(reason);
        EnrollmentNeed.Decide(stored, unused: null, Mac, Desired.Certificate(0, 0)).ShouldBe(new EnrollmentNeed(stored.Problem, null));
    }

    [Fact]
    public void ACertificateOfAnotherKeyIsDamage()
    {
        var config = Config(Credentials(0) with { Certificate = Desired.Material.Nodes[1].Certificates[0] });
        StoredNode.Read(config).Problem.ShouldBe("its certificate is not for its private key");
        StoredNode.Read(Config(Credentials(0) with { Certificate = "ssh-ed25519-cert-v01@openssh.com AAAA" })).Problem.ShouldBe("its certificate is damaged");
        StoredNode.Read(Config(Credentials(0) with { PrivateKey = new Secret("x") })).Problem.ShouldStartWith("its private key is damaged");
        StoredNode.Read(Config(Credentials(2))).Key!.Line.ShouldStartWith("ecdsa-sha2-nistp384 ");
    }

    [Fact]
    public void NoDamageIsAFailureAndTheResultIsWholeOrNothing()
    {
        var random = new Random(7);
        var whole = Config(Credentials(0)).ToBytes();
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = (byte[])whole.Clone();
            for (var i = 0; i <= random.Next(3); i++) bytes[random.Next(bytes.Length)] = (byte)random.Next(1, 256);
            var stored = StoredNode.Read(BootConfig.Parse(random.Next(2) == 0 ? bytes : bytes.AsSpan(0, random.Next(bytes.Length))));
            (stored.Credentials is null).ShouldBe(stored.Problem.Length > 0);
            (stored.Credentials is null).ShouldBe(stored.Key is null);
        }
    }

    [Fact]
    public void KeyAndCertificateAreKeptWhileTheServerKnowsThem()
    {
        var stored = StoredNode.Read(Config(Credentials(0)));
        var kept = EnrollmentNeed.Decide(stored, null, Mac, Desired.Certificate(0, 1));
        (kept.Reason, kept.Key?.Reveal()).ShouldBe((null, Desired.Key.Reveal()));
    }

    [Theory]
    [InlineData("52:54:00:00:00:01")]
    [InlineData(null)]
    public void ABoardOfAnotherPlatformGetsANewKey(string? mac)
    {
        var stored = StoredNode.Read(Config(Credentials(0)));
        var here = mac is null ? default(MacAddress?) : MacAddress.Parse(mac);
        var need = EnrollmentNeed.Decide(stored, null, here, mac is null ? null : Desired.Certificate(1, 0));
        need.Key.ShouldBeNull();
        need.Reason!.ShouldStartWith("the board is 52:54:00:12:34:56 of another platform");
    }

    [Fact]
    public void AServerThatForgotTheKeyIsAskedAgainWithTheSameOne()
    {
        var stored = StoredNode.Read(Config(Credentials(0)));
        foreach (var certificate in new[] { null, Desired.Certificate(1, 0) })
        {
            var need = EnrollmentNeed.Decide(stored, null, Mac, certificate);
            need.Key?.Reveal().ShouldBe(Desired.Key.Reveal());
            need.Reason.ShouldBe("the server has no certificate for this board's key");
        }
    }

    [Fact]
    public void AnEnrolmentThatWasCutOffIsFinishedWithItsKey()
    {
        var unused = Desired.Material.Nodes[1].Key;
        foreach (var stored in (StoredNode[])[StoredNode.Read(BootConfig.Empty), StoredNode.Read(Config(Credentials(0)))])
        {
            EnrollmentNeed.Decide(stored, unused, Mac, Desired.Certificate(1, 0)).ShouldBe(new EnrollmentNeed(null, unused));
        }

        EnrollmentNeed.Decide(StoredNode.Read(BootConfig.Empty), unused, null, null).ShouldBe(new EnrollmentNeed("the board is no node yet", unused));
    }

    private static VpnCredentials Credentials(int node) => new()
    {
        PrivateKey = Desired.Material.Nodes[node].Key,
        Certificate = Desired.Material.Nodes[node].Certificates[0],
        KnownHosts = "ssh.example.org ssh-ed25519 AAAA\n",
    };

    private static BootConfig Config(VpnCredentials credentials) =>
        BootConfig.Empty.With(VpnVariables.MacName, Mac.ToString()).With(VpnVariables.CredentialsName, credentials.Pack());
}

using Shouldly;
using WaltVpn.Agent.Following;
using WaltVpn.Agent.Tests.Reconcile;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Following;

/// <summary>docs/security.md NODE-4: which numbers a node takes.</summary>
public sealed class SettingsTrustTests
{
    private static readonly string Node = SshMaterial.NodeId(0);
    private static readonly LastSettings _last = new("lab", Node, 100, "digest");

    [Theory]
    [InlineData(100, "digest", true)]
    [InlineData(101, "other", true)]
    [InlineData(9_007_199_254_740_991, "other", true)]
    [InlineData(100, "other", false)]
    [InlineData(99, "digest", false)]
    [InlineData(1, "other", false)]
    public void OnlyAHigherNumberOrTheSameDocumentIsTaken(long number, string digest, bool taken)
    {
        var last = _last with { Digest = digest == "digest" ? Answer(number).Digest : "other" };
        (SettingsTrust.Refuse(Answer(number), "lab", Node, Key, last) is null).ShouldBe(taken);
    }

    [Fact]
    public void WithoutALastOneAnyNumberIsTaken() => SettingsTrust.Refuse(Answer(1), "lab", Node, Key, null).ShouldBeNull();

    [Fact]
    public void TheNumberOfAnotherNodeSaysNothing() =>
        SettingsTrust.Refuse(Answer(1), "lab", Node, Key, _last with { NodeId = "ff112233445566778899aabbccddeeff" }).ShouldBeNull();

    [Fact]
    public void AnUnknownPlatformIsTakenOnceAndThenKept()
    {
        SettingsTrust.Refuse(Answer(100), "", Node, Key, null).ShouldBeNull();
        SettingsTrust.Refuse(Answer(100), "elsewhere", Node, Key, null).ShouldNotBeNull().ShouldContain("this node is of 'elsewhere'");
        SettingsTrust.Refuse(Answer(101), "", Node, Key, _last with { Platform = "elsewhere" }).ShouldNotBeNull().ShouldContain("this node is of 'elsewhere'");
    }

    [Fact]
    public void ACertificateOfAnotherKeyOrNodeIsNotTaken()
    {
        SettingsTrust.Refuse(Answer(101, node: 1), "lab", Node, Key, _last).ShouldNotBeNull().ShouldContain("not for this node's key");
        SettingsTrust.Refuse(Answer(101), "lab", SshMaterial.NodeId(1), Key, null).ShouldNotBeNull().ShouldContain("they are for node");
    }

    private static string Key => Desired.Certificate(0, 0).Key.Line;

    private static SettingsAnswer Answer(long number, int node = 0)
    {
        var document = new SettingsDocument
        {
            Version = 1,
            Platform = "lab",
            NodeId = Node,
            Counter = number,
            SshEntrypoints = ["ssh.example.org:22"],
            HostKeys = [SshMaterial.Shared.HostKeys[0]],
            BootMode = BootMode.Enforced,
            VpnMac = MacAddress.Parse("52:54:00:12:34:56"),
            Certificate = Desired.Certificate(node, 0).Line,
        };
        return new SettingsAnswer(new WayIn(new SshEntrypoint("ssh.example.org", 22)), document, document.ToBytes());
    }
}

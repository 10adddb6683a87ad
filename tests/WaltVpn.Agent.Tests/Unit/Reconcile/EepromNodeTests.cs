using System.Text;
using Shouldly;
using WaltVpn.Agent.Board;
using WaltVpn.Agent.Enrollment;
using WaltVpn.Agent.Following;
using WaltVpn.Agent.Reconcile;
using WaltVpn.Agent.Startup;
using WaltVpn.Agent.Tests.Reconcile;
using WaltVpn.Eeprom;
using WaltVpn.Eeprom.Tests;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Reconcile;

/// <summary>A node without a card: settings and identity from the EEPROM, laid where the stages of a boot look for them.</summary>
public sealed class EepromNodeTests : IDisposable
{
    private readonly WorkFolder _folder = new();
    private readonly RecordingLog _log = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void TheStagesFindWhatTheEepromHolds(int key)
    {
        var node = EepromNode.Read(Config(key));
        node.Settings.Platform.ShouldBe("lab");
        node.Settings.SshEntrypoints.ShouldBe(["ssh.example.org:2222", "two.example.org:22"]);
        node.Settings.HostKeys.ShouldBe([Desired.Material.HostKeys[0]]);
        node.Identity.Name.ShouldBe("node-123456");
        var state = StatePartition.InMemory(_folder.At("state"));
        node.WriteTo(state);
        var stored = NodeKey.Stored(state, _log).ShouldNotBeNull();
        File.ReadAllText(stored.PrivateKeyPath).Trim().ShouldBe(Desired.Material.Nodes[key].Key.Reveal().Trim());
        File.GetUnixFileMode(stored.PrivateKeyPath).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        StoredIdentity.Read(state, "lab", stored, _log).ShouldBe(node.Identity);
        node.Identity.NodeId.ShouldBe(SshMaterial.NodeId(key));
        _log.Lines.ShouldBeEmpty();
    }

    [Fact]
    public void TheNumberInTheEepromIsTheLeastThatIsTaken()
    {
        var node = EepromNode.Read(Config(0));
        var state = StatePartition.InMemory(_folder.At("state"));
        node.WriteTo(state);
        var followed = new FollowedSettings(node.Settings, state, _log, new EepromMemory(Former: null, node.Last));
        Take(followed, 1_799_999_999).ShouldBeFalse();
        _log.Lines.ShouldHaveSingleItem().ShouldContain("number 1799999999, and this node has taken number 1800000000");
        Take(followed, 1_800_000_001).ShouldBeTrue();
    }

    [Fact]
    public void TheWayOfBeforeIsTriedBehindTheNewOne()
    {
        var node = EepromNode.Read(Config(0));
        var former = new Reach(["before.example.org:22"], [Desired.Material.HostKeys[1]]);
        var followed = new FollowedSettings(node.Settings, StatePartition.InMemory(_folder.At("state")), _log, new EepromMemory(former, null));
        followed.Ways.Select(way => $"{way}").ShouldBe(["ssh.example.org:2222", "two.example.org:22", "before.example.org:22 (settings of before)"]);
    }

    [Fact]
    public void ABoardThatIsNoNodeJoinsWithItsToken()
    {
        var settings = new NodeSettings
        {
            Platform = "lab",
            SshEntrypoints = ["ssh.example.org"],
            HostKeys = [Desired.Material.HostKeys[0]],
            EnrollmentKey = new Secret("-----BEGIN OPENSSH PRIVATE KEY-----\n"),
        };
        var first = EepromNode.FindFirstSettings(BootConfig.Empty.With(JoinToken.Name, JoinToken.Pack(settings))).ShouldNotBeNull();
        (first.Platform, first.EnrollmentKey.Reveal()).ShouldBe((settings.Platform, settings.EnrollmentKey.Reveal()));
        first.HostKeys.ShouldBe(settings.HostKeys);
        // A node keeps it, for the day its certificate is refused.
        EepromNode.Read(Config(0).With(JoinToken.Name, JoinToken.Pack(settings))).Settings.EnrollmentKey.Reveal().ShouldBe(settings.EnrollmentKey.Reveal());
        EepromNode.Read(Config(0)).Settings.EnrollmentKey.Reveal().ShouldBeEmpty();
        EepromNode.FindFirstSettings(BootConfig.Empty).ShouldBeNull();
        EepromNode.FindFirstSettings(BootConfig.Empty.With(JoinToken.Name, JoinToken.Pack(settings with { HostKeys = [] }))).ShouldBeNull();
    }

    [Fact]
    public void NoDamageOfATokenIsAFailure()
    {
        var settings = new NodeSettings
        {
            Platform = "lab",
            SshEntrypoints = ["a"],
            HostKeys = [Desired.Material.HostKeys[0]],
            EnrollmentKey = new Secret("key"),
        };
        var token = JoinToken.Pack(settings);
        var random = new Random(3);
        for (var round = 0; round < 20_000; round++)
        {
            var damaged = token.ToCharArray();
            for (var i = 0; i <= random.Next(3); i++) damaged[random.Next(damaged.Length)] = (char)random.Next('!', '~');
            var config = BootConfig.Parse(Encoding.ASCII.GetBytes($"[all]\n{JoinToken.Name}={new string(damaged)}\n"));
            if (EepromNode.FindFirstSettings(config) is { } whole) whole.HostKeys.ShouldAllBe(key => HostKeyLine.IsUsable(key));
        }
    }

    [Theory]
    [InlineData("[all]\nBOOT_UART=1\n", "the board is no node yet")]
    [InlineData("[all]\nWALT_VPN_MAC=52:54:00:12:34:56\nWALT_VPN_CREDS=AAAA\n", "no archive")]
    public void ABoardThatIsNoNodeSaysWhatItLacks(string config, string said) =>
        Should.Throw<StageException>(() => EepromNode.Read(BootConfig.Parse(Encoding.ASCII.GetBytes(config)))).Message.ShouldContain(said);

    [Fact]
    public void WithoutAPlaceOrAKeyOfItTheBoardHasNoWay()
    {
        var config = Config(0);
        Should.Throw<StageException>(() => EepromNode.Read(config.Without("WALTVPN_ENTRYPOINTS").Without("WALT_VPN_ENTRYPOINT"))).Message
            .ShouldContain("names no SSH entrypoint");
    }

    [Theory]
    [InlineData(7, true)]
    [InlineData(2, true)]
    [InlineData(1, false)]
    [InlineData(6, false)]
    public void WhereTheSystemCameFromIsWhatTheFirmwareSays(byte mode, bool network)
    {
        StartedFrom.Network(_folder.Path).ShouldBeFalse("a firmware that says nothing");
        _folder.Write("sys/firmware/devicetree/base/chosen/bootloader/boot-mode", [0, 0, 0, mode]);
        StartedFrom.Network(_folder.Path).ShouldBe(network);
    }

    private static bool Take(FollowedSettings followed, long number)
    {
        var document = EmulatedBoard.Document with { Counter = number };
        var way = new WayIn(new SshEntrypoint("ssh.example.org", 2222));
        return followed.Take(new SettingsAnswer(way, document, document.ToBytes()), "lab", document.NodeId, Desired.Certificate(0, 0).Key.Line);
    }

    private static BootConfig Config(int node)
    {
        var desired = Desired.First with
        {
            Entrypoints = [new("ssh.example.org", 2222), new("two.example.org", 22)],
            Certificate = Desired.Certificate(node, 0),
            HostKeys = [Desired.Host("[ssh.example.org]:2222", 0), Desired.Host("two.example.org", 0), Desired.RsaHost("server.walt", 0)],
            HostNames = ["[ssh.example.org]:2222", "two.example.org", "server.walt"],
            Mark = new CredentialsMark("lab", 1_800_000_000),
        };
        var blank = EepromImage.Parse(SyntheticImage.Create(SyntheticImage.Pi5Single));
        var change = Reconciliation.Compare(null, blank, desired, Desired.Material.Nodes[node].Key, DateTimeOffset.UtcNow)
            .ShouldBeOfType<ReconcileResult.Change>();
        return BootConfig.Parse(change.Image.Read(EepromFiles.BootConfig));
    }
}

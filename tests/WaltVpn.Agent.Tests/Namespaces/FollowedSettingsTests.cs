using System.Diagnostics;
using Shouldly;
using WaltVpn.Agent.BootFiles;
using WaltVpn.Agent.Enrollment;
using WaltVpn.Agent.Following;
using WaltVpn.Agent.Life;
using WaltVpn.Agent.Startup;
using WaltVpn.Agent.Tests.Following;
using WaltVpn.Agent.Tests.Unit.BootFiles;
using WaltVpn.Agent.Tunnel;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Agent.Tests.Namespaces;

/// <summary>
/// A node without an EEPROM: what a start does between identity and tunnel. docs/security.md NODE-4, NODE-5.
/// <code>
/// tmpfs, mounted as the state partition ── settings ── ssh ═══ sshd, forced command ── document
/// </code>
/// </summary>
public sealed class FollowedSettingsTests : IDisposable
{
    private readonly SettingsServer _server = new();
    private readonly string _mountPoint = Directory.CreateTempSubdirectory("waltvpn-state").FullName;
    private readonly StatePartition _state;
    private readonly List<SettingsDocument> _told = [];
    private NodeSettings _card;

    public FollowedSettingsTests()
    {
        Run("mount", "-t", "tmpfs", "tmpfs", _mountPoint);
        _state = StatePartition.At(_mountPoint);
        _card = new NodeSettings
        {
            Platform = "lab",
            SshEntrypoints = [$"127.0.0.1:{_server.Port}"],
            HostKeys = [_server.HostKey],
            EnrollmentKey = new Secret("-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----"),
        };
        _server.Tell(_server.Document);
    }

    private string StateFilePath => Path.Combine(_mountPoint, "settings.json");

    public void Dispose()
    {
        // What another test starts at this very moment may still have its files open.
        Run("umount", "--lazy", _mountPoint);
        Directory.Delete(_mountPoint);
        _server.Dispose();
    }

    /// <summary>docs/security.md BOOT-4: the relay's image is signed and of this platform, and only the server's word over SSH says that it is old.</summary>
    [Fact]
    public async Task ACardThatARelayGivesYesterdaysPairSaysSoAtTheFirstAnswer()
    {
        using var card = new CardInBoard();
        var (yesterday, today) = (SignedImage.Make("kernel one", SignedImage.Manifest(1)), SignedImage.Make("kernel two", SignedImage.Manifest(2)));
        card.Server.Image = yesterday;
        (await card.PowerOn()).ShouldBe(yesterday.Sha256);
        _server.Tell(_server.Document with
        {
            BootImage = new NewestImage { Sha256 = today.Sha256, Epoch = 2, Built = 0, Published = 1_800_000_000 },
        });
        await Start();

        var log = new RecordingLog();
        var timeline = new BootTimeline(new SecondsAfterStart());
        timeline.Enter(BootStage.BootFiles);
        timeline.Enter(BootStage.Tunnel);
        var watch = new FreezeWatch(new RunningImage { Epoch = 1, Built = 0, Sha256 = yesterday.Sha256 }, timeline, new SecondsAfterStart(), log);
        _told.ShouldHaveSingleItem().BootImage!.Sha256.ShouldBe(today.Sha256);
        watch.Hear(_told[0]);
        log.Lines.ShouldHaveSingleItem().ShouldStartWith($"warning BootFiles: this boot image ({yesterday.Sha256[..16]}, epoch 1, built ");
        var remark = timeline.Stages.Single(stage => stage.Stage == "bootFiles").Why;
        remark.ShouldNotBeNull().ShouldContain($"is not the server's newest ({today.Sha256[..16]}, epoch 2");
    }

    [Fact]
    public async Task WhatTheServerAddsIsUsedFromTheNextStartOnAndThenAlone()
    {
        var second = _server.Listen("host");
        _server.Tell(_server.Document with { SshEntrypoints = [$"127.0.0.1:{second}"] });
        var first = await Start();
        first.Ways.ShouldBe([Way(_server.Port)]);
        first.Log.ShouldContain(line => line.Contains($"SSH at 127.0.0.1:{second}, 1 host keys; used from the next start on"));

        var next = await Start();
        next.Ways.ShouldBe([Way(second), Way(_server.Port, WayIn.Former), Way(_server.Port)]);
        next.Log.ShouldContain(line => line.Contains($"the server was reached with settings number 1800000000, through 127.0.0.1:{second}"));
        (await Start()).Ways.ShouldBe([Way(second), Way(_server.Port)]);
    }

    [Fact]
    public async Task PlacesThatLeadNowhereLeaveTheOnesOfBeforeInUse()
    {
        var nowhere = SettingsServer.FreePort();
        _server.Tell(_server.Document with { Counter = 1_800_000_001, SshEntrypoints = [$"127.0.0.1:{nowhere}"], HostKeys = [_server.OtherHostKey] });
        await Start();
        for (var start = 0; start < 2; start++)
        {
            var next = await Start();
            next.Ways.ShouldBe([Way(nowhere), Way(_server.Port, WayIn.Former), Way(_server.Port)]);
            next.Log.ShouldContain(line => line.StartsWith($"warning Settings: 127.0.0.1:{nowhere}: "));
            next.Log.ShouldContain(line => line.Contains("reached with the settings of before only") && line.Contains("number 1800000001 leads nowhere"));
        }

        // The operator corrects it: the wrong ones are not what it goes back to.
        var third = _server.Listen("host");
        _server.Tell(_server.Document with { Counter = 1_800_000_002, SshEntrypoints = [$"127.0.0.1:{third}"] });
        await Start();
        (await Start()).Ways.ShouldBe([Way(third), Way(_server.Port, WayIn.Former), Way(_server.Port)]);
        (await Start()).Ways.ShouldBe([Way(third), Way(_server.Port)]);
    }

    [Fact]
    public async Task HostKeysThatTheServerDoesNotShowLeaveTheOnesOfBeforeInUse()
    {
        _server.Tell(_server.Document with { HostKeys = [_server.OtherHostKey] });
        await Start();
        var next = await Start();
        next.Log.ShouldContain(line => line.Contains("the server showed another host key"));
        next.Log.ShouldContain(line => line.Contains("reached with the settings of before only"));
        // Once they work, those of before open nothing any more.
        var changed = _server.Listen("other_host");
        _server.Tell(_server.Document with { Counter = 1_800_000_001, HostKeys = [_server.OtherHostKey], SshEntrypoints = [$"127.0.0.1:{changed}"] });
        await Start();
        (await Start()).Log.ShouldContain(line => line.Contains("those of before are not kept any more"));
        var last = await Start();
        last.Ways.ShouldBe([Way(changed), Way(_server.Port)]);
        (await File.ReadAllTextAsync($"{SshConfig.DefaultDirectory}/known_hosts", TestContext.Current.CancellationToken))
            .ShouldBe($"{WayIn.Current} {_server.OtherHostKey}\n");
    }

    [Fact]
    public async Task AnEcdsaHostKeyAloneIsEnoughAlsoOfAServerThatHasOthers()
    {
        var both = _server.Listen("host", "ecdsa_host");
        _card = _card with { SshEntrypoints = [$"127.0.0.1:{both}"], HostKeys = [_server.EcdsaHostKey] };
        _server.Tell(_server.Document with { SshEntrypoints = [$"127.0.0.1:{both}"], HostKeys = [_server.EcdsaHostKey] });
        (await Start()).Log.ShouldContain(line => line.Contains("number 1800000000, name the places and keys in use"));
        // Another server does not become the right one by showing another type.
        var other = _server.Listen("host", "other_host");
        _card = _card with { SshEntrypoints = [$"127.0.0.1:{other}"] };
        (await Start()).Log.ShouldContain(line => line.Contains("the server showed another host key"));
    }

    [Fact]
    public async Task OlderSettingsAreRefusedAlsoAfterTheCardWasChanged()
    {
        _server.Tell(_server.Document with { Counter = 1_900_000_000 });
        await Start();
        _server.Tell(_server.Document with { Counter = 1_899_999_999, SshEntrypoints = ["198.51.100.1:22"] });
        (await Start()).Log.ShouldContain(line => line.Contains("number 1899999999, and this node has taken number 1900000000"));
        (await Start()).Ways.ShouldBe([Way(_server.Port)]);
        _card = _card with { SshEntrypoints = [$"127.0.0.1:{SettingsServer.FreePort()}", $"127.0.0.1:{_server.Port}"] };
        (await Start()).Log.ShouldContain(line => line.Contains("number 1899999999, and this node has taken number 1900000000"));
    }

    [Fact]
    public async Task ACardThatSomebodyChangedIsUsedUntilTheServerTellsAgain()
    {
        var second = _server.Listen("host");
        _server.Tell(_server.Document with { SshEntrypoints = [$"127.0.0.1:{second}"] });
        await Start();
        var third = _server.Listen("host");
        _card = _card with { SshEntrypoints = [$"127.0.0.1:{third}"] };
        var changed = await Start();
        changed.Ways.ShouldBe([Way(third)]);
        changed.Log.ShouldContain(line => line.Contains("walt-vpn.json on the card was changed after the server told its settings"));
        (await Start()).Ways.ShouldBe([Way(second), Way(third, WayIn.Former), Way(third)]);
    }

    [Fact]
    public async Task DamageOfAnyByteIsSaidAndTheCardsSettingsAreUsed()
    {
        _server.Tell(_server.Document with { SshEntrypoints = ["198.51.100.1:22"] });
        await Start();
        var whole = await File.ReadAllBytesAsync(StateFilePath, TestContext.Current.CancellationToken);
        for (var i = 0; i < whole.Length; i++)
        {
            var log = new RecordingLog();
            var damaged = whole.ToArray();
            damaged[i] ^= (byte)(1 << (i % 8));
            _state.Write(() => File.WriteAllBytes(StateFilePath, damaged));
            new FollowedSettings(_card, _state, log).Ways.ShouldBe([Way(_server.Port)], $"byte {i}");
            log.Lines.ShouldHaveSingleItem().ShouldContain("settings.json on the state partition is damaged");
        }
    }

    [Fact]
    public async Task ACertificateThatTheServerRenewedIsKept()
    {
        var renewed = _server.Certify("node", SettingsServer.NodeId, "2");
        _server.Tell(_server.Document with { Certificate = renewed });
        var start = await Start();
        start.Identity.Certificate.ShouldBe(renewed);
        StoredIdentity.Read(_state, "lab", Key, new RecordingLog()).ShouldBe(start.Identity);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not a document\n")]
    public async Task ANodeWhoseServerTellsNothingGoesOn(string answer)
    {
        _server.Tell(System.Text.Encoding.ASCII.GetBytes(answer));
        var start = await Start();
        start.Identity.ShouldBe(Identity);
        start.Log[^1].ShouldBe("warning Settings: no server told this node its settings. Going on with those it has.");
        File.Exists(StateFilePath).ShouldBeFalse();
    }

    private NodeKey Key => new(_server.KeyFile, _server.NodePublicKey);

    private NodeIdentity Identity => new()
    {
        NodeId = SettingsServer.NodeId,
        Name = "node-1",
        VpnMac = _server.Document.VpnMac,
        Certificate = _server.Certificate,
    };

    private static WayIn Way(int port, string knownAs = WayIn.Current) => new(new SshEntrypoint("127.0.0.1", port), knownAs);

    /// <summary>What <see cref="Boot"/> does.</summary>
    private async Task<(IReadOnlyList<WayIn> Ways, IReadOnlyList<string> Log, NodeIdentity Identity)> Start()
    {
        var log = new RecordingLog();
        SshConfig.WriteForEnrollment(_card);
        var followed = new FollowedSettings(_card, _state, log);
        followed.WriteHostKeys();
        SshConfig.AddTunnel(_server.KeyFile, Identity);
        var identity = await new SettingsFollower(followed, "lab", _state, _told.Add, log)
            .Ask(new EntrypointRotation(followed.Ways), Key, Identity, TestContext.Current.CancellationToken);
        return (followed.Ways, log.Lines, identity);
    }

    private sealed class SecondsAfterStart : TimeProvider
    {
        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => 20;
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        process.ExitCode.ShouldBe(0, program);
    }
}

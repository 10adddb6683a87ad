using Shouldly;
using WaltVpn.Agent.Reconcile;
using WaltVpn.Agent.Tests.Following;
using WaltVpn.Agent.Tests.Reconcile;
using WaltVpn.Eeprom;
using WaltVpn.Eeprom.Tests;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Agent.Tests.Namespaces;

/// <summary>
/// docs/security.md NODE-4: a board that is a node asks over SSH, with what stands in its EEPROM.
/// <code>
/// reconcile ── ssh, node's certificate ═══ sshd, forced command ── document
///    └──▶ pieeprom.bin, state/
/// </code>
/// </summary>
public sealed class ReconcileOverSshTests : IDisposable
{
    private readonly WorkFolder _folder = new();
    private readonly SettingsServer _server = new();

    public ReconcileOverSshTests()
    {
        _server.Tell(_server.Document);
        Write(_server.Document);
    }

    public void Dispose()
    {
        _server.Dispose();
        _folder.Dispose();
    }

    private byte[] Image => File.ReadAllBytes(_folder.At("pieeprom.bin"));

    private byte[] Configuration => EepromImage.Parse(Image).Read(EepromFiles.BootConfig).ToArray();

    private VpnVariables Node => VpnVariables.ReadFrom(BootConfig.Parse(Configuration))!;

    [Fact]
    public async Task ANodeFollowsEachChangeOnceAndKeepsItsNumber()
    {
        await NothingToDo();
        var second = _server.Listen("host");
        var changed = _server.Document with
        {
            Counter = 1_800_000_001,
            SshEntrypoints = [$"127.0.0.1:{second}", $"127.0.0.1:{_server.Port}"],
            HostKeys = [_server.HostKey, _server.OtherHostKey],
            BootMode = BootMode.Permissive,
            VpnMac = MacAddress.Parse("52:54:00:77:77:77"),
            BootCaCertificate = Convert.ToBase64String((ReadOnlySpan<byte>)[0x30, 3, 2, 1, 7]),
            Certificate = _server.Certify("node", SettingsServer.NodeId, "2"),
        };
        _server.Tell(changed);
        var said = await Reconcile(0);
        foreach (var difference in (string[])
            [
                "WALTVPN_ENTRYPOINTS: ", "WALT_VPN_BOOT_MODE: enforced -> permissive", "WALT_VPN_MAC: 52:54:00:12:34:56 -> 52:54:00:77:77:77",
                "certificate: renewed, serial 1 -> 2", "CA certificate: none -> SHA256:", $"host key of [127.0.0.1]:{second}: none -> ssh-ed25519 SHA256:",
            ])
        {
            said.ShouldContain(difference);
        }

        Node.Credentials.Mark.ShouldBe(new CredentialsMark("lab", 1_800_000_001));
        Node.Credentials.PrivateKey.Reveal().ShouldBe(_server.NodeKey.Reveal());
        await NothingToDo();
        // A number of its own is no reason to write a chip.
        _server.Tell(changed with { Counter = 1_800_000_002 });
        await NothingToDo();
    }

    [Fact]
    public async Task AnOlderNumberWritesNothing()
    {
        var newer = _server.Document with { Counter = 1_800_000_005, BootMode = BootMode.Permissive };
        _server.Tell(newer);
        await Reconcile(0, "--state", _folder.At("state"));
        // By the EEPROM alone, and with a number that the EEPROM never had.
        await Withheld(_server.Document with { Counter = 1_800_000_004 }, "they have number 1800000004, and this node has taken number 1800000005");
        _server.Tell(newer with { Counter = 1_800_000_009 });
        await Reconcile(0, "--state", _folder.At("state"));
        await Withheld(newer with { Counter = 1_800_000_008, BootMode = BootMode.Enforced }, "number 1800000009", "--state", _folder.At("state"));
        await Withheld(newer with { Counter = 1_800_000_009, BootMode = BootMode.Enforced }, "of other settings", "--state", _folder.At("state"));
    }

    [Fact]
    public async Task SettingsOfAnotherNodeOrPlatformWriteNothing()
    {
        const string Other = "ffeeddccbbaa99887766554433221100";
        var tempting = _server.Document with { Counter = 1_900_000_000, BootMode = BootMode.Permissive };
        await Withheld(tempting with { NodeId = Other }, $"they are for node {Other}");
        await Withheld(tempting with { Platform = "elsewhere" }, "they are of platform 'elsewhere'");
        await Withheld(tempting with { Certificate = _server.Certify("other_node", SettingsServer.NodeId) }, "not for this node's key");
        await Withheld(tempting with { Certificate = _server.Certify("node", Other) }, "names another node");
    }

    [Fact]
    public async Task AManInTheMiddleWritesNothing()
    {
        // It has all but the host key: the way, the authority, and what the server would say.
        var middle = _server.Listen("other_host");
        Write(_server.Document with { SshEntrypoints = [$"127.0.0.1:{middle}"] });
        _server.Tell(_server.Document with { Counter = 1_900_000_000, SshEntrypoints = [$"127.0.0.1:{middle}"], HostKeys = [_server.OtherHostKey] });
        var (before, written) = (Image, File.GetLastWriteTimeUtc(_folder.At("pieeprom.bin")));
        (await Reconcile(1)).ShouldContain("the server showed another host key");
        Image.ShouldBe(before);
        File.GetLastWriteTimeUtc(_folder.At("pieeprom.bin")).ShouldBe(written);
    }

    [Fact]
    public async Task WhatIsNoDocumentWritesNothing()
    {
        var line = _server.Document.ToBytes();
        (string Message, byte[] Answer)[] answers =
        [
            ("no server told this node", []),
            ("no settings document", "hello\n"u8.ToArray()),
            ("no settings document", [.. line[..^20], (byte)'\n']),
            ("longer than 16384 bytes", [.. Enumerable.Repeat((byte)' ', 20_000), .. line, (byte)'\n']),
        ];
        var before = Image;
        foreach (var (message, answer) in answers)
        {
            _server.Tell(answer);
            (await Reconcile(1)).ShouldContain(message);
        }

        Image.ShouldBe(before);
    }

    [Fact]
    public async Task AServerWithoutBootFilesLeavesTheBoardAsItIs()
    {
        _server.Tell(_server.Document with { Counter = 1_900_000_000, HttpEntrypoint = null, BootMode = BootMode.Permissive });
        (await Reconcile(0)).ShouldContain("no complete VPN configuration");
        _server.Tell(_server.Document with { Counter = 1_900_000_001, BootKey = null, BootMode = BootMode.Permissive });
        (await Reconcile(0)).ShouldContain("no complete VPN configuration");
    }

    [Fact]
    public async Task ADryRunKeepsNothing()
    {
        _server.Tell(_server.Document with { Counter = 1_900_000_000, BootMode = BootMode.Permissive });
        (await Reconcile(3, "--dry-run", "--state", _folder.At("state"))).ShouldContain("WALT_VPN_BOOT_MODE: enforced -> permissive");
        File.Exists(_folder.At("state/settings-number")).ShouldBeFalse();
    }

    [Fact]
    public async Task SettingsThatLeadNowhereGiveWayToThoseOfBefore()
    {
        var before = Image;
        var started = _folder.At("started.txt");
        File.WriteAllBytes(started, Configuration);
        string[] state = ["--state", _folder.At("state"), "--configuration", started];
        var nowhere = _server.Document with { Counter = 1_900_000_000, SshEntrypoints = [$"127.0.0.1:{SettingsServer.FreePort()}"] };
        _server.Tell(nowhere);
        await Reconcile(0, state);
        // The next start is with them; the server says the same, and is reached by those of before.
        File.WriteAllBytes(started, Configuration);
        (await Reconcile(0, state)).ShouldContain("reached with the settings of before");
        Image.ShouldBe(before);
        File.WriteAllBytes(started, Configuration);
        (await Reconcile(3, state)).ShouldContain("these settings were rolled back");
        Image.ShouldBe(before);
        // What the operator then corrects is taken, and settings of before that are not.
        await Withheld(_server.Document with { BootMode = BootMode.Permissive }, "number 1900000000", state);
        _server.Tell(_server.Document with { Counter = 1_900_000_001, BootMode = BootMode.Permissive });
        (await Reconcile(0, state)).ShouldContain("WALT_VPN_BOOT_MODE: enforced -> permissive");
    }

    [Fact]
    public async Task NoSecretIsLeftOrPrinted()
    {
        _server.Tell(_server.Document with { Counter = 1_900_000_000, BootMode = BootMode.Permissive });
        var said = await Reconcile(0);
        foreach (var line in _server.NodeKey.Reveal().Split('\n').Where(line => line.Length > 20)) said.ShouldNotContain(line);
        Directory.GetDirectories("/dev/shm", "waltvpn-node-*").ShouldBeEmpty();
    }

    /// <summary>An image of a board that follows this document.</summary>
    private void Write(SettingsDocument document)
    {
        var image = EepromImage.Parse(SyntheticImage.Create(SyntheticImage.Pi5TwoPartitions));
        var live = BootConfig.Parse(image.Read(EepromFiles.BootConfig));
        var change = Reconciliation.Compare(live, image, DocumentSettings.Read(document)!, _server.NodeKey, DateTimeOffset.UtcNow)
            .ShouldBeOfType<ReconcileResult.Change>();
        _folder.Write("pieeprom.bin", change.Image.Bytes.Span);
    }

    private async Task NothingToDo()
    {
        var (before, written) = (Image, File.GetLastWriteTimeUtc(_folder.At("pieeprom.bin")));
        (await Reconcile(0)).ShouldBe("nothing to do: the board follows the server\n");
        Image.ShouldBe(before);
        File.GetLastWriteTimeUtc(_folder.At("pieeprom.bin")).ShouldBe(written);
    }

    private async Task Withheld(SettingsDocument document, string why, params string[] more)
    {
        _server.Tell(document);
        var (before, written) = (Image, File.GetLastWriteTimeUtc(_folder.At("pieeprom.bin")));
        (await Reconcile(3, more)).ShouldContain(why);
        Image.ShouldBe(before);
        File.GetLastWriteTimeUtc(_folder.At("pieeprom.bin")).ShouldBe(written);
    }

    // Where it would ask over HTTP nobody answers.
    private async Task<string> Reconcile(int status, params string[] more)
    {
        using var said = new StringWriter { NewLine = "\n" };
        string[] words = ["--server", "http://127.0.0.1:1", "--image", _folder.At("pieeprom.bin"), .. more];
        (await ReconcileCommand.Run(words, "/", TimeProvider.System, said, said)).ShouldBe(status, said.ToString());
        return said.ToString();
    }
}

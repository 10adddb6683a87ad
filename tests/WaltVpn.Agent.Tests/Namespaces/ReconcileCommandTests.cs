using System.Diagnostics;
using System.Text;
using Shouldly;
using WaltVpn.Agent.Reconcile;
using WaltVpn.Agent.Tests.Reconcile;
using WaltVpn.Eeprom;
using WaltVpn.Eeprom.Tests;
using Xunit;

namespace WaltVpn.Agent.Tests.Namespaces;

/// <summary>
/// The whole command: options, HTTP, ssh-keygen, image, state folder. Root, because a new key reseeds the kernel's generator.
/// <code>
/// reconcile ──HTTP──▶ WaltServer (HttpListener, ssh-keygen)
///    └──▶ pieeprom.bin, state/
/// </code>
/// </summary>
public sealed class ReconcileCommandTests : IDisposable
{
    private readonly WorkFolder _folder = new();
    private readonly WaltServer _server = new();

    public ReconcileCommandTests() => _folder.Write("pieeprom.bin", SyntheticImage.Create(SyntheticImage.Pi5TwoPartitions));

    public void Dispose()
    {
        _server.Dispose();
        _folder.Dispose();
    }

    private VpnVariables Node => VpnVariables.ReadFrom(BootConfig.Parse(EepromImage.Parse(Image).Read(EepromFiles.BootConfig)))!;

    private byte[] Image => File.ReadAllBytes(_folder.At("pieeprom.bin"));

    [Fact]
    public async Task ABoardEnrolsAndThenFollowsEachChangeOnce()
    {
        (await Reconcile(0)).ShouldContain("enrolment: the board is no node yet");
        _server.Posted.ShouldHaveSingleItem().ShouldStartWith("ssh-ed25519 ");
        var (key, certificate) = (Node.Credentials.PrivateKey.Reveal(), Node.Credentials.Certificate);
        certificate.ShouldBe(string.Join(' ', _server.Answers["ssh-pubkey-cert"]!.Split(' ')[..2]) + "\n");
        Node.Credentials.KnownHosts.ShouldBe(
            $"server.walt {SshMaterial.Shared.HostKeys[1]}\nssh.example.org {SshMaterial.Shared.HostKeys[0]}\n");
        await NothingToDo();

        await Follows(() =>
        {
            _server.Answers["ssh-entrypoint"] = "two.example.org";
            _server.SetHostKeys("two.example.org", 2, 1);
        }, "WALT_VPN_ENTRYPOINT: ssh.example.org -> two.example.org");
        await Follows(() => _server.SetHostKeys("two.example.org", 3, 1), "host key of two.example.org: none -> ssh-ed25519 SHA256:");
        await Follows(() => _server.Answers["boot-mode"] = "enforced", "WALT_VPN_BOOT_MODE: permissive -> enforced");
        await Follows(() => _server.Answers["http-entrypoint"] = "web.example.org", "HTTP_HOST: boot.example.org -> web.example.org");
        await Follows(() => _server.Answers["http-path"] = "walt-vpn/per-ip/10-9-0-7", "HTTP_PATH: walt-vpn/per-ip/10-0-0-7 -> walt-vpn/per-ip/10-9-0-7");
        await Follows(() => _server.Answers["public.pem"] = SshMaterial.Shared.BootKeys[1], "boot signing key: SHA256:");
        await Follows(() => _server.CaCertificate = [0x30, 3, 2, 1, 7], "CA certificate: none -> SHA256:");
        await Follows(_server.Certify, "certificate: renewed, serial 1 -> 2");
        await Follows(() =>
        {
            _server.Answers["ssh-entrypoint"] = "two.example.org:2222";
            _server.SetHostKeys("[two.example.org]:2222", 3, 1);
        }, "WALTVPN_ENTRYPOINTS: none -> two.example.org:2222");
        Node.Credentials.PrivateKey.Reveal().ShouldBe(key);
        _server.Posted.Count.ShouldBe(1);
        // What ssh makes of the credentials has the last word.
        _folder.Write("key-cert.pub", Encoding.ASCII.GetBytes(Node.Credentials.Certificate));
        SshMaterial.Run(_folder, "ssh-keygen", "-L", "-f", "key-cert.pub").ShouldContain("Serial: 2");
    }

    [Fact]
    public async Task WithWaltsServerTheKeyIsEcdsaAndTheServersHostKeysAreScanned()
    {
        _server.Answers["ssh-entrypoint-host-keys"] = $"ssh.example.org {SshMaterial.Shared.HostKeys[0]}\n";
        var hostKey = _folder.At("host_key");
        SshMaterial.Run(_folder, "ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-f", hostKey);
        using (var sshd = Process.Start("/usr/sbin/sshd", ["-D", "-q", "-f", "/dev/null", "-p", "22", "-o", "ListenAddress=127.0.0.1", "-h", hostKey]))
        {
            try
            {
                await Listening.On(22);
                (await Reconcile(0, "--server-type", "walt")).ShouldContain("certificate: none -> serial 1");
                Node.Credentials.KnownHosts.ShouldContain($"server.walt {string.Join(' ', _folder.Read("host_key.pub").Split(' ')[..2])}\n");
                (await Reconcile(0, "--server-type", "walt")).ShouldContain("nothing to do");
            }
            finally
            {
                sshd.Kill(entireProcessTree: true);
                await sshd.WaitForExitAsync(TestContext.Current.CancellationToken);
            }
        }

        _server.Posted.ShouldHaveSingleItem().ShouldStartWith("ecdsa-sha2-nistp384 ");
        var before = Image;
        // Its host keys cannot be had: that is no reason to write an EEPROM without them.
        (await Reconcile(1, "--server-type", "walt")).ShouldContain("ssh-keyscan 127.0.0.1: no host key");
        Image.ShouldBe(before);
    }

    [Fact]
    public async Task PlainHttpChangesANodeOnlyWhereTheOperatorSaidSo()
    {
        (await Reconcile(0, trust: false)).ShouldContain("written and read back");
        (await Reconcile(0, trust: false)).ShouldContain("nothing to do");
        var before = Image;
        _server.Answers["http-entrypoint"] = "evil.example.org";
        (await Reconcile(3, trust: false)).ShouldContain("not written: this board is a node");
        // Who says that the board belongs elsewhere gets no new key from it, either.
        _server.Answers["vpn-mac"] = "52:54:00:66:66:66";
        (await Reconcile(3, trust: false)).ShouldContain("of another platform, here it is 52:54:00:66:66:66");
        Image.ShouldBe(before);
        _server.Posted.Count.ShouldBe(1);
        (await Reconcile(0)).ShouldContain("HTTP_HOST: boot.example.org -> evil.example.org");
        _server.Posted.Distinct().Count().ShouldBe(2);
    }

    [Fact]
    public async Task ADryRunChangesNothingHereAndAtTheServer()
    {
        var before = Image;
        (await Reconcile(3, "--dry-run")).ShouldContain("not written: --dry-run");
        _server.Requests.ShouldAllBe(request => request.StartsWith("GET "));
        Image.ShouldBe(before);
        await Reconcile(0);
        before = Image;
        _server.Answers["boot-mode"] = "enforced";
        (await Reconcile(3, "--dry-run")).ShouldContain("BOOT_ORDER: 0xf127 -> 0xf7");
        Image.ShouldBe(before);
    }

    [Fact]
    public async Task DamagedCredentialsMakeTheBoardEnrolAgain()
    {
        await Reconcile(0);
        var image = EepromImage.Parse(Image);
        var config = BootConfig.Parse(image.Read(EepromFiles.BootConfig)).With(VpnVariables.CredentialsName, "AAAA");
        _folder.Write("pieeprom.bin", image.With(EepromFiles.BootConfig, config.ToBytes()).Bytes.Span);
        (await Reconcile(0, trust: false)).ShouldContain("enrolment: WALT_VPN_CREDS is damaged");
        _server.Posted.Distinct().Count().ShouldBe(2);
        await NothingToDo();
    }

    public static TheoryData<string, string?, string> BadAnswers => new()
    {
        { "boot-mode", "sometimes", "'sometimes' instead of enforced or permissive" },
        { "vpn-mac", "<html>no</html>", "'<html>no</html>' is no MAC address" },
        { "ssh-pubkey-cert", "ssh-ed25519 AAAA", "no user certificate" },
        { "ssh-entrypoint", "-oProxyCommand=x", "is no HOST or HOST:PORT" },
        { "ssh-entrypoint-host-keys", "other.example.org ssh-ed25519 AAAA\n", "line 1 is no host key" },
        { "ssh-entrypoint-host-keys", null, "status 404: unknown path" },
        { "ssh-entrypoint-host-keys", "", "there is no key of ssh.example.org" },
        { "public.pem", "-----BEGIN", "no key in PEM form" },
        { "http-path", "/absolute", "HTTP_PATH must be" },
        { "http-path", "", "empty, for a board that is enrolled" },
        { "http-entrypoint", "Boot.Example.org", "HTTP_HOST has a value that the bootloader ignores" },
    };

    [Theory]
    [MemberData(nameof(BadAnswers))]
    public async Task AnAnswerThatCannotBeRightStopsTheRunWithItsName(string setting, string? answer, string message)
    {
        await Reconcile(0);
        var before = Image;
        _server.Answers[setting] = answer;
        (await Reconcile(1)).ShouldContain(message);
        Image.ShouldBe(before);
    }

    [Fact]
    public async Task AFileThatIsNoImageIsNamed()
    {
        _folder.Write("pieeprom.bin", "no image"u8);
        (await Reconcile(1)).ShouldContain($"{_folder.At("pieeprom.bin")}: ");
    }

    [Fact]
    public async Task ANameThatNobodyKnowsIsSaid() => (await Run("/", 1, "--server", "http://server.invalid", "--image", _folder.At("pieeprom.bin")))
        .ShouldContain("GET http://server.invalid/walt-vpn/node-conf/ssh-entrypoint: the name cannot be looked up here");

    [Theory]
    [InlineData("ssh-entrypoint")]
    [InlineData("http-entrypoint")]
    [InlineData("boot-mode")]
    public async Task AServerWithoutCompleteConfigurationIsNothingToDo(string setting)
    {
        _server.Answers[setting] = "";
        (await Reconcile(0)).ShouldContain("no complete VPN configuration");
        _server.Posted.ShouldBeEmpty();
    }

    [Fact]
    public async Task AKeyThatWaitsForApprovalIsTheSameNextTime()
    {
        _server.Refusal = "request 7 waits for an operator";
        (await Reconcile(1, "--state", _folder.At("state"))).ShouldContain("status 403: request 7 waits for an operator");
        var kept = _folder.Read("state/node-key");
        _server.Refusal = null;
        await Reconcile(0, "--state", _folder.At("state"));
        Node.Credentials.PrivateKey.Reveal().ShouldBe(kept);
    }

    [Fact]
    public async Task TheStateFolderKeepsTheImageOfBeforeUntilTheBoardStartedWithTheNewOne()
    {
        await Reconcile(0);
        var (before, started) = (Image, _folder.At("started.txt"));
        File.WriteAllBytes(started, EepromImage.Parse(before).Read(EepromFiles.BootConfig));
        string[] state = ["--state", _folder.At("state"), "--configuration", started];
        _server.Answers["http-entrypoint"] = "two.example.org";
        await Reconcile(0, state);
        (await Reconcile(0, state)).ShouldContain("the chip follows the server, the board at its next start");
        File.ReadAllBytes(_folder.At("state/eeprom-previous.bin")).ShouldBe(before);

        File.WriteAllBytes(started, EepromImage.Parse(Image).Read(EepromFiles.BootConfig));
        (await Reconcile(0, [.. state, "--dry-run"])).ShouldStartWith("nothing to do");
        (await Reconcile(0, state)).ShouldContain("the board has started with what was written last");
        File.Exists(_folder.At("state/eeprom-previous.bin")).ShouldBeFalse();

        before = Image;
        _server.Answers["http-entrypoint"] = "three.example.org";
        await Reconcile(0, state);
        (await Reconcile(0, [.. state, "--rollback"])).ShouldContain("the image of before is written");
        Image.ShouldBe(before);
        (await Reconcile(3, state)).ShouldContain("these settings were rolled back");
        Image.ShouldBe(before);
        _server.Answers["http-entrypoint"] = "four.example.org";
        (await Reconcile(0, state)).ShouldContain("HTTP_HOST: two.example.org -> four.example.org");
    }

    [Fact]
    public async Task TheBoardsChipFollowsTheServerThroughFlashrom()
    {
        var root = RaspberryPi5();
        var programmer = $"dummy:emulate=VARIABLE_SIZE,size={EepromImage.Bcm2712Size},image={_folder.At("pieeprom.bin")}";
        string[] words = ["--server", _server.Address, "--trust-http", "--programmer", programmer];
        (await Run(root, 0, words)).ShouldContain("written and read back");
        Node.BootMode.ShouldBe(VpnBootMode.Permissive);
        var written = Image;
        (await Run(root, 0, words)).ShouldContain("nothing to do");
        Image.ShouldBe(written);
        _server.Answers["boot-mode"] = "enforced";
        (await Run(root, 0, words)).ShouldContain("WALT_VPN_BOOT_MODE: permissive -> enforced");
        Node.BootMode.ShouldBe(VpnBootMode.Enforced);
        (await Run(root, 0, words)).ShouldContain("nothing to do");
        _server.Posted.Count.ShouldBe(1);
    }

    [Fact]
    public async Task ABoardWhoseChipIsOutOfReachTakesTheUpdateFromItsCard()
    {
        var root = RaspberryPi5();
        AddMemory(root, "blconfig", "nvram@0", "[all]\nBOOT_ORDER=0xf7\n"u8);
        AddMemory(root, "blpubkey", "nvram@1", new byte[RsaPublicKey.BinaryLength]);
        var card = Directory.CreateDirectory(_folder.At("card")).FullName;
        _folder.Write("recovery.bin", "recovery"u8);
        _folder.Write("root/proc/self/mounts", Encoding.ASCII.GetBytes($"/dev/mmcblk0p1 {card} vfat rw 0 0\n"));
        string[] words =
        [
            "--server", _server.Address, "--trust-http", "--state", _folder.At("state"), "--firmware", _folder.At("pieeprom.bin"),
            "--boot-partition", card, "--recovery-program", _folder.At("recovery.bin"), "--programmer", "linux_spi:dev=/dev/no-such-chip",
        ];
        (await Run(root, 0, words)).ShouldContain("put beside the boot files");
        Directory.GetFiles(card).Select(Path.GetFileName).Order().ShouldBe(["pieeprom.sig", "pieeprom.upd", "recovery.bin"]);
        var update = EepromImage.Parse(_folder.ReadBytes("card/pieeprom.upd"));
        VpnVariables.ReadFrom(BootConfig.Parse(update.Read(EepromFiles.BootConfig))).ShouldNotBeNull();
        (await Run(root, 0, words)).ShouldContain("waits for the board's next start");
        _folder.Write("root/proc/self/mounts", "/dev/sda1 / ext4 rw 0 0\n"u8);
        (await Run(root, 1, words)).ShouldContain("no mount point");
    }

    [Fact]
    public async Task ABoardThatCannotBeWrittenIsNotEnrolled()
    {
        var root = _folder.At("root");
        _folder.Write("root/proc/sys/kernel/random/boot_id", "b"u8);
        (await Run(root, 0, "--server", _server.Address)).ShouldContain("nothing to do: ");
        RaspberryPi5();
        (await Run(root, 1, "--server", _server.Address, "--programmer", "linux_spi:dev=/dev/no-such-chip")).ShouldContain("/dev/no-such-chip");
        _folder.Write("root/sys/firmware/devicetree/base/chosen/bootloader/signed", [0, 0, 0, 8]);
        (await Run(root, 1, "--server", _server.Address)).ShouldContain("locked to its owner's key");
        _server.Requests.ShouldBeEmpty();
    }

    /// <summary>A folder laid out like / of such a board whose device tree names no live configuration.</summary>
    private string RaspberryPi5()
    {
        _folder.Write("root/proc/sys/kernel/random/boot_id", "b"u8);
        _folder.Write("root/sys/firmware/devicetree/base/model", "Raspberry Pi 5 Model B Rev 1.0\0"u8);
        _folder.Write("root/sys/firmware/devicetree/base/system/linux,revision", [0x00, 0xd0, 0x41, 0x70]);
        return _folder.At("root");
    }

    private void AddMemory(string root, string alias, string name, ReadOnlySpan<byte> content)
    {
        const string Tree = "root/sys/firmware/devicetree/base";
        var node = $"/reserved-memory/{name}";
        _folder.Write($"{Tree}/aliases/{alias}", Encoding.ASCII.GetBytes($"{node}\0"));
        _folder.Write($"{Tree}{node}/status", "okay\0"u8);
        _folder.Write($"root/sys/bus/nvmem/devices/{alias}/nvmem", content);
        Directory.CreateSymbolicLink(Path.Combine(root, $"sys/bus/nvmem/devices/{alias}/of_node"), _folder.At($"{Tree}{node}"));
    }

    [Fact]
    public async Task NoSecretIsPrinted()
    {
        var said = await Reconcile(0);
        _server.Certify();
        said += await Reconcile(0);
        foreach (var line in Node.Credentials.PrivateKey.Reveal().Split('\n').Where(line => line.Length > 20)) said.ShouldNotContain(line);
        said.ShouldNotContain(Node.Credentials.Pack()[..40]);
    }

    private async Task Follows(Action change, string line)
    {
        var before = Image;
        change();
        (await Reconcile(0)).Split('\n').ShouldContain(said => said.StartsWith(line, StringComparison.Ordinal));
        Image.ShouldNotBe(before);
        await NothingToDo();
    }

    private async Task NothingToDo()
    {
        var (before, written) = (Image, File.GetLastWriteTimeUtc(_folder.At("pieeprom.bin")));
        (await Reconcile(0)).ShouldBe("nothing to do: the board follows the server\n");
        Image.ShouldBe(before);
        File.GetLastWriteTimeUtc(_folder.At("pieeprom.bin")).ShouldBe(written);
    }

    private Task<string> Reconcile(int status, params string[] more) => Reconcile(status, trust: true, more);

    private Task<string> Reconcile(int status, bool trust, params string[] more) => Run(
        "/", status, ["--server", _server.Address, "--image", _folder.At("pieeprom.bin"), .. trust ? (string[])["--trust-http"] : [], .. more]);

    private static async Task<string> Run(string root, int status, params string[] words)
    {
        using var said = new StringWriter { NewLine = "\n" };
        var result = await ReconcileCommand.Run(words, root, TimeProvider.System, said, said);
        result.ShouldBe(status, said.ToString());
        return said.ToString();
    }
}

using System.Text;
using WaltVpn.ImageBuilder.Settings;
using WaltVpn.Protocol;

namespace WaltVpn.ImageBuilder.Tests.Unit;

public sealed class SettingsFileTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private SampleSettings _sample = null!;

    public async ValueTask InitializeAsync() => _sample = await SampleSettings.CreateAsync(_folder.Path);

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public void YamlIsRead() => _sample.ShouldEqual(Parse(_sample.Yaml));

    [Fact]
    public void TheCardsOwnJsonIsReadAgain() => _sample.ShouldEqual(SettingsFile.Parse(NodeSettings.FileName, CardSettings.Write(Parse(_sample.Yaml))));

    [Fact]
    public void JsonWithCommentsAnywhereAndATrailingCommaIsRead()
    {
        var json = $$"""
            /* two
               lines */
            { "platform": "demo.example.org", // here
              "sshEntrypoints": ["10.0.2.2:2222", /* and here */ "ssh.example.org"],
              "hostKeys": ["{{_sample.PublicKey}}"],
              "enrollmentKey": "{{_sample.PrivateKey.ReplaceLineEndings("\\n")}}",
            }
            """;
        _sample.ShouldEqual(Parse(json));
    }

    [Fact]
    public void ATokenIsTakenToTheCardAndPrintedNowhere()
    {
        const string Token = "wvt-00112233445566778899aabbccddeeff";
        var settings = Parse(_sample.Yaml + $"\nenrollmentToken: {Token}\n");
        settings.EnrollmentToken!.Reveal().ShouldBe(Token);
        settings.ToString().ShouldNotContain(Token);
        SettingsFile.Parse(NodeSettings.FileName, CardSettings.Write(settings)).EnrollmentToken!.Reveal().ShouldBe(Token);
    }

    [Fact]
    public void AVirtualMachinesSettingsAreTakenToTheCard()
    {
        using var key = System.Security.Cryptography.RSA.Create(2048);
        var settings = Parse($"""
            {_sample.Yaml}
            bootKey: "{Convert.ToBase64String(key.ExportSubjectPublicKeyInfo())}"
            mode: vm
            guestMemory: 512
            guestCores: 2
            usbAllow: ["0403:*", "class:08"]
            usbDeny: ["port:1-1.2"]
            """);
        var card = SettingsFile.Parse(NodeSettings.FileName, CardSettings.Write(settings));
        (card.Mode, card.GuestMemory, card.GuestCores, card.HttpEntrypoint).ShouldBe(("vm", "512", "2", null));
        card.UsbAllow.ShouldBe(["0403:*", "class:08"]);
        card.UsbDeny.ShouldBe(["port:1-1.2"]);
    }

    [Fact]
    public void TheCardsJsonKeepsBase64Readable() =>
        Encoding.UTF8.GetString(CardSettings.Write(Parse(_sample.Yaml))).ShouldNotContain("\\u00");

    [Theory]
    [InlineData("platform:", "platfrom:", "line 2: unknown key 'platfrom'; write platform")]
    [InlineData("hostKeys:", "hostkey:", "unknown key 'hostkey'; write hostKeys")]
    [InlineData("platform:", "colour: blue\nplatform:", "line 2: unknown key 'colour'; known are platform, sshEntrypoints, hostKeys, enrollmentKey, enrollmentToken, httpEntrypoint, bootKey, bootCache")]
    [InlineData("platform:", "httpEntrypoint: -x\nplatform:", "line 2: httpEntrypoint '-x' is not host or host:port")]
    [InlineData("platform:", "httpEntrypoint: boot.example.org\nplatform:", "httpEntrypoint and bootKey belong together")]
    [InlineData("platform:", "bootKey: AAAA\nplatform:", "line 2: bootKey is no RSA public key")]
    [InlineData("platform:", "bootCache: always\nplatform:", "line 2: bootCache 'always' is neither never nor stale-ok:DAYS")]
    [InlineData("platform:", "mode: kvm\nplatform:", "line 2: mode 'kvm' is neither direct nor vm")]
    [InlineData("platform:", "mode: vm\nplatform:", "mode: vm takes a bootKey")]
    [InlineData("platform:", "guestMemory: 1G\nplatform:", "line 2: guestMemory '1G' is no number of MiB, 64 to 1048576")]
    [InlineData("platform:", "guestCores: 0\nplatform:", "line 2: guestCores '0' is no number of processors, 1 to 64")]
    [InlineData("platform:", "usbDeny: [\"046d\"]\nplatform:", "line 2: usbDeny[0] '046d' names no USB devices")]
    [InlineData("platform:", "enrollmentToken: wvt-12\nplatform:", "line 2: enrollmentToken is none: a token is wvt- and 32 hexadecimal digits")]
    [InlineData("platform: demo.example.org", "platform: Demo", "line 2: platform must be 1 to 63 of a-z")]
    [InlineData("platform: demo.example.org\n", "", "platform is missing; write platform:")]
    [InlineData("platform: demo.example.org", "platform: [a]", "line 2: platform is one value")]
    [InlineData("10.0.2.2:2222", "10.0.2.2:99999", "line 3: sshEntrypoints[0] '10.0.2.2:99999' is not host or host:port")]
    [InlineData("10.0.2.2:2222", "-oProxyCommand=x", "line 3: sshEntrypoints[0]")]
    [InlineData("[\"10.0.2.2:2222\", ssh.example.org]", "ssh.example.org", "line 3: sshEntrypoints is a list")]
    [InlineData("[\"10.0.2.2:2222\", ssh.example.org]", "[]", "line 3: sshEntrypoints is a list of at least one")]
    [InlineData("ssh-ed25519 AAAA", "ssh-rsa AAAA", "line 5: hostKeys[0] is damaged, or of a kind that nodes do not take; they take 'ssh-ed25519 AAAA…'")]
    [InlineData("ssh-ed25519 AAAA", "sshed25519 AAAA", "line 5: hostKeys[0] must start with 'ssh-ed25519 ' or 'ecdsa-sha2-nistp256 '")]
    [InlineData("ssh-ed25519 AAAAC3", "ssh-ed25519 AAAAC4", "line 5: hostKeys[0] is damaged")]
    [InlineData("BEGIN OPENSSH", "BEGIN RSA", "line 6: enrollmentKey must start with the line -----BEGIN OPENSSH PRIVATE KEY-----")]
    [InlineData("-----END OPENSSH PRIVATE KEY-----", "", "line 6: enrollmentKey must end with the line")]
    [InlineData("platform: demo", "platform: \"demo", "this is not YAML")]
    [InlineData("platform:", "platform: twice\nplatform:", "this is not YAML")]
    public void AWrongFileIsRefusedWithLineKeyAndRemedy(string right, string wrong, string expected)
    {
        _sample.Yaml.ShouldContain(right);
        var error = Should.Throw<ImageException>(() => Parse(_sample.Yaml.Replace(right, wrong, StringComparison.Ordinal)));
        error.Hints.ShouldContain(hint => hint.Contains(expected, StringComparison.Ordinal), string.Join('\n', error.Hints));
        string.Join('\n', error.Hints).ShouldNotContain(_sample.PrivateKey.Split('\n')[2]);
    }

    [Fact]
    public void AllProblemsAreNamedAtOnce() =>
        Should.Throw<ImageException>(() => Parse("platform: UPPER\nsshEntrypoints: [a b]\n")).Hints.Count.ShouldBe(4);

    [Fact]
    public async Task AKeyWithPassphraseIsRefused()
    {
        await HostProgram.CheckAsync("ssh-keygen", ["-q", "-p", "-N", "secret", "-f", _folder["key"]]);
        var locked = (await File.ReadAllTextAsync(_folder["key"], TestContext.Current.CancellationToken)).TrimEnd();
        OpenSshKey.RefusePrivate(locked)!.ShouldContain("passphrase");
    }

    [Fact]
    public void APublicKeyWithACommentIsRefused() => OpenSshKey.RefusePublic(_sample.PublicKey + " me@here")!.ShouldContain("no comment");

    private static NodeSettings Parse(string text) => SettingsFile.Parse("node.yaml", Encoding.UTF8.GetBytes(text));
}

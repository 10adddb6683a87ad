using System.Security.Cryptography;
using System.Text;
using WaltVpn.Protocol;
using WaltVpn.RaspberryPi.Tests;

namespace WaltVpn.ImageBuilder.Tests.Qemu;

/// <summary>boot.img and boot.sig: what the firmware of a Raspberry Pi 5 loads over HTTP, judged by fsck.fat, openssl and the card's own files.</summary>
public sealed class BootImageTests(PiImages images) : IDisposable
{
    private const string Board = "rpi-5-b";
    private const int Spare = 512 << 10;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task APairIsWhatTheFirmwareLoadsAndOpensslAccepts()
    {
        await MakeAsync("boot", "--key", await KeyAsync(), "--epoch", "7");
        var image = _folder["boot/boot.img"];
        (await HostProgram.CheckAsync("fsck.fat", ["-n", "-v", image])).ShouldContain("FATs, 16 bit entries");
        (await HostProgram.CheckAsync("mlabel", ["-s", "-i", image, "::"])).ShouldContain("WALT_VPN");

        // The same files as on a card of the same inputs, and no settings.
        Directory.CreateDirectory(_folder["content"]);
        await HostProgram.CheckAsync("mcopy", ["-s", "-n", "-i", image, "::/*", _folder["content"]]);
        foreach (var file in Directory.EnumerateFiles(images.Boot(Board), "*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(images.Boot(Board), file);
            // docs/security.md BOOT-4: what runs from it knows which it is.
            if (name == "cmdline.txt") (await ReadAsync($"content/{name}")).TrimEnd().ShouldBe($"{(await ReadAsync(file)).TrimEnd()} waltvpn.epoch=7");
            else if (name == NodeSettings.FileName) File.Exists(Path.Combine(_folder["content"], name)).ShouldBeFalse();
            else await HostProgram.CheckAsync("cmp", [file, Path.Combine(_folder["content"], name)]);
        }

        var manifest = BootManifest.Parse(await File.ReadAllBytesAsync(_folder[$"content/{BootManifest.FileName}"], TestContext.Current.CancellationToken));
        (manifest.Board, manifest.Epoch).ShouldBe((Board, 7));
        foreach (var name in new[] { manifest.Kernel, manifest.Initramfs, manifest.CommandLine }) File.Exists(_folder[$"content/{name}"]).ShouldBeTrue(name);

        var config = PiConfig.Parse(await ReadAsync("content/config.txt"), "pi5");
        File.Exists(_folder[$"content/{config.Values["kernel"]}"]).ShouldBeTrue();
        File.Exists(_folder[$"content/{config.Initramfs}"]).ShouldBeTrue();
        var content = Directory.EnumerateFiles(_folder["content"], "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);
        new FileInfo(image).Length.ShouldBeInRange(content + Spare, content + Spare + (2048 * 20));

        var signature = SignatureFile.Parse(await ReadAsync("boot/boot.sig"));
        signature.Chip.ShouldBeNull();
        signature.Sha256.ShouldBe((await HostProgram.CheckAsync("sha256sum", [image])).Split(' ')[0]);
        await File.WriteAllBytesAsync(_folder["signature"], signature.Signature!.Value.ToArray(), TestContext.Current.CancellationToken);
        string[] verify = ["dgst", "-sha256", "-verify", _folder["public.pem"], "-signature", _folder["signature"], image];
        (await HostProgram.CheckAsync("openssl", verify)).ShouldContain("Verified OK");
    }

    [Fact]
    public async Task NoSecretOfTheSettingsIsInIt()
    {
        await MakeAsync("boot");
        File.Exists(_folder["boot/boot.sig"]).ShouldBeFalse();
        var image = await File.ReadAllBytesAsync(_folder["boot/boot.img"], TestContext.Current.CancellationToken);
        foreach (var secret in new[] { images.Sample.PrivateKey.Split('\n')[1], images.Sample.PublicKey, "demo.example.org" })
        {
            image.AsSpan().IndexOf(Encoding.ASCII.GetBytes(secret)).ShouldBe(-1);
        }
    }

    [Fact]
    public async Task TheSameInputsGiveTheSamePair()
    {
        var key = await KeyAsync();
        var dated = new Dictionary<string, string?> { ["SOURCE_DATE_EPOCH"] = "1800000000" };
        await MakeAsync("one", dated, "--key", key);
        await MakeAsync("two", dated, "--key", key, "--locked", "--lock", _folder["one/boot.lock"]);
        foreach (var name in new[] { "boot.img", "boot.sig" }) await HostProgram.CheckAsync("cmp", [_folder[$"one/{name}"], _folder[$"two/{name}"]]);
        (await ReadAsync("one/boot.sig")).ShouldContain("\nts: 1800000000\n");
    }

    [Theory]
    [InlineData(3072, true, "is a key of 3072 bits; the boards' firmware takes 2048")]
    [InlineData(2048, false, "is no private RSA key")]
    public async Task AnotherKeyIsRefusedBeforeAnythingIsMade(int bits, bool whole, string expected)
    {
        await images.BuiltAsync(Board);
        using var rsa = RSA.Create(bits);
        await File.WriteAllTextAsync(_folder["key"], whole ? rsa.ExportPkcs8PrivateKeyPem() : rsa.ExportSubjectPublicKeyInfoPem(), TestContext.Current.CancellationToken);
        var (status, _, errors) = await ImageProgram.RunAsync(["boot-img", "--board", Board, "--agent", images.Agent, "--key", _folder["key"], "--output", _folder["boot"]]);
        status.ShouldBe(1);
        errors.ShouldContain(expected);
        Directory.Exists(_folder["boot"]).ShouldBeFalse();
    }

    private async Task<string> KeyAsync()
    {
        await HostProgram.CheckAsync("openssl", ["genrsa", "-out", _folder["private.pem"], "2048"]);
        await HostProgram.CheckAsync("openssl", ["rsa", "-in", _folder["private.pem"], "-pubout", "-out", _folder["public.pem"]]);
        return _folder["private.pem"];
    }

    private Task MakeAsync(string folder, params string[] more) => MakeAsync(folder, new Dictionary<string, string?>(), more);

    private async Task MakeAsync(string folder, Dictionary<string, string?> environment, params string[] more)
    {
        await images.BuiltAsync(Board);
        var (status, output, errors) = await ImageProgram.RunAsync(["boot-img", "--board", Board, "--agent", images.Agent, "--output", _folder[folder], .. more], environment);
        status.ShouldBe(0, output + errors);
    }

    private Task<string> ReadAsync(string name) => File.ReadAllTextAsync(_folder[name], TestContext.Current.CancellationToken);
}

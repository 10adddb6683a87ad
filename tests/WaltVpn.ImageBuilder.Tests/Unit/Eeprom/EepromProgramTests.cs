using System.Text;
using System.Text.Json;
using WaltVpn.Eeprom;
using WaltVpn.Eeprom.Tests;
using WaltVpn.ImageBuilder.Tests.Qemu;

namespace WaltVpn.ImageBuilder.Tests.Unit.Eeprom;

/// <summary>waltvpn-image eeprom as an operator runs it. What it does to the bytes is proved in WaltVpn.Eeprom.Tests.</summary>
public sealed class EepromProgramTests : IDisposable
{
    private const string Config = "[all]\nBOOT_UART=1\nBOOT_ORDER=0xf127\nWALT_VPN_CREDS=c2VjcmV0\n";

    private readonly TemporaryFolder _folder = new();

    public EepromProgramTests()
    {
        File.WriteAllBytes(_folder["pieeprom.bin"], SyntheticImage.Create(SyntheticImage.Pi5TwoPartitions));
        File.WriteAllText(_folder["bootconf.txt"], Config);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ConfigMakesAnotherImageForItsOwnerOnlyAndLeavesTheFirstAlone()
    {
        await MakeKeyAsync("private.pem");
        var output = await DoneAsync(
            "config", "pieeprom.bin", "--config", "bootconf.txt", "--pubkey", "private.pem", "--timestamp", "1700000000", "--output", "new.bin");
        output.ShouldContain($"{Config.Length} of 4076 bytes of configuration, key sha256 ");
        var image = EepromImage.Parse(SyntheticImage.Create(SyntheticImage.Pi5TwoPartitions));
        var key = RsaPublicKey.FromPem(await File.ReadAllTextAsync(_folder["private.pem"], TestContext.Current.CancellationToken));
        var expected = image.With(EepromFiles.BootConfig, Encoding.ASCII.GetBytes(Config)).With(EepromFiles.PublicKey, key.ToBinary())
            .WithTimestamp(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000));
        File.ReadAllBytes(_folder["new.bin"]).ShouldBe(expected.Bytes.ToArray());
        File.GetUnixFileMode(_folder["new.bin"]).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.ReadAllBytes(_folder["pieeprom.bin"]).ShouldBe(image.Bytes.ToArray());
        Names().ShouldBe(["bootconf.txt", "new.bin", "pieeprom.bin", "private.pem"]);
    }

    [Fact]
    public async Task WithoutAnOutputItsNameComesFromTheImage()
    {
        await DoneAsync("config", "pieeprom.bin", "--config", "bootconf.txt");
        Names().ShouldContain("pieeprom-config.bin");
    }

    [Fact]
    public async Task AnExistingFileIsOverwrittenOnlyWhenTold()
    {
        await File.WriteAllTextAsync(_folder["new.bin"], "mine", TestContext.Current.CancellationToken);
        foreach (var command in (string[][])[["config", "pieeprom.bin", "--config", "bootconf.txt"], ["extract", "pieeprom.bin"]])
        {
            var errors = await RefusedAsync([.. command, "--output", "new.bin"]);
            errors.ShouldContain("new.bin exists");
            errors.ShouldContain("--force");
            File.ReadAllText(_folder["new.bin"]).ShouldBe("mine");
        }

        await DoneAsync("config", "pieeprom.bin", "--config", "bootconf.txt", "--output", "new.bin", "--force");
        await DoneAsync("config", "new.bin", "--config", "bootconf.txt", "--output", "new.bin", "--force");
        EepromImage.Parse(File.ReadAllBytes(_folder["new.bin"])).Read(EepromFiles.BootConfig).SequenceEqual(Encoding.ASCII.GetBytes(Config)).ShouldBeTrue();
    }

    [Fact]
    public async Task AKeyAloneKeepsTheConfiguration()
    {
        await MakeKeyAsync("private.pem");
        await DoneAsync("config", "pieeprom.bin", "--pubkey", "private.pem", "--output", "new.bin");
        var (before, after) = (EepromImage.Parse(File.ReadAllBytes(_folder["pieeprom.bin"])), EepromImage.Parse(File.ReadAllBytes(_folder["new.bin"])));
        after.Read(EepromFiles.BootConfig).SequenceEqual(before.Read(EepromFiles.BootConfig)).ShouldBeTrue();
        RsaPublicKey.TryFromBinary(after.Read(EepromFiles.PublicKey), out _).ShouldBeTrue();
    }

    [Theory]
    [InlineData("config pieeprom.bin --config none.txt", "there is no file none.txt")]
    [InlineData("config none.bin --config bootconf.txt", "there is no file none.bin")]
    [InlineData("config bootconf.txt --config bootconf.txt", "bootconf.txt: it has 60 bytes; a bootloader image has 524288")]
    [InlineData("config zeros.bin --config bootconf.txt", "zeros.bin: the image starts with zeros")]
    [InlineData("config pieeprom.bin --config large.txt", "pieeprom.bin: 4077 bytes do not fit into bootconf.txt")]
    [InlineData("config pieeprom.bin --config pieeprom.bin", "pieeprom.bin has more than 65536 bytes; that is not a bootloader configuration")]
    [InlineData("config pieeprom.bin --pubkey bootconf.txt", "bootconf.txt: it holds no key in PEM form")]
    [InlineData("config pieeprom.bin --signature bootconf.txt", "bootconf.txt: line 1 is not that of a signature file")]
    [InlineData("config pieeprom.bin --signature zeros.sig", "zeros.sig is not the signature of the configuration")]
    [InlineData("config pieeprom.bin --cacert bootconf.txt", "bootconf.txt is no certificate in DER form")]
    [InlineData("config old.bin --pubkey key.pem", "old.bin: the image has no file pubkey.bin")]
    [InlineData("extract old.bin --file pubkey.bin", "it has: bootconf.txt")]
    public async Task AFailureLeavesNoFile(string command, string reason)
    {
        await MakeKeyAsync("key.pem");
        await File.WriteAllBytesAsync(_folder["zeros.bin"], new byte[EepromImage.Bcm2712Size], TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(_folder["old.bin"], SyntheticImage.Create(SyntheticImage.Pi4Old), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_folder["large.txt"], new string('a', 4077), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_folder["zeros.sig"], $"{new string('0', 64)}\nts: 1700000000\n", TestContext.Current.CancellationToken);
        var before = Names();
        (await RefusedAsync([.. command.Split(' '), "--output", "new.bin"])).ShouldContain(reason);
        Names().ShouldBe(before);
    }

    [Fact]
    public async Task ADeviceIsNoPlaceForAnImage()
    {
        var errors = await RefusedAsync("config", "pieeprom.bin", "--config", "bootconf.txt", "--output", "/dev/null", "--force");
        errors.ShouldContain("/dev/null is a character special file");
    }

    [Fact]
    public async Task WhatTheBootloaderWouldIgnoreIsNoted()
    {
        await File.WriteAllTextAsync(_folder["bootconf.txt"], "[all]\nHTTP_HOST=http://x\n", TestContext.Current.CancellationToken);
        var (status, _, errors) = await RunAsync("config", "pieeprom.bin", "--config", "bootconf.txt", "--output", "new.bin");
        status.ShouldBe(0);
        errors.ShouldContain("note: bootconf.txt line 2: HTTP_HOST has a value that the bootloader ignores");
        (await RunAsync("verify", "new.bin")).Status.ShouldBe(1);
    }

    [Fact]
    public async Task ShowPrintsNoSecretAndSaysWhatIsLeft()
    {
        await DoneAsync("config", "pieeprom.bin", "--config", "bootconf.txt", "--output", "new.bin");
        var text = await DoneAsync("show", "new.bin");
        text.ShouldContain("BOOT_ORDER=0xf127");
        text.ShouldContain("WALT_VPN_CREDS=***");
        text.ShouldNotContain("c2VjcmV0");
        text.ShouldContain($"{Config.Length} of 4076 bytes used, {4076 - Config.Length} free");
        text.ShouldContain("0x0a3000       60  file      bootconf.txt");
        var json = await DoneAsync("show", "new.bin", "-o", "json");
        json.ShouldNotContain("c2VjcmV0");
        using var report = JsonDocument.Parse(json);
        report.RootElement.GetProperty("budget").GetProperty("free").GetInt32().ShouldBe(4076 - Config.Length);
        report.RootElement.GetProperty("version").GetString().ShouldBe("224877da");
    }

    [Fact]
    public async Task ExtractGivesTheFileAsItIs()
    {
        await DoneAsync("config", "pieeprom.bin", "--config", "bootconf.txt", "--output", "new.bin");
        (await DoneAsync("extract", "new.bin")).ShouldBe(Config);
        await DoneAsync("extract", "new.bin", "--output", "again.txt");
        File.ReadAllText(_folder["again.txt"]).ShouldBe(Config);
        File.GetUnixFileMode(_folder["again.txt"]).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await DoneAsync("extract", "new.bin", "--file", "bootsys", "--output", "bootsys");
        new FileInfo(_folder["bootsys"]).Length.ShouldBe(0x131fc);
    }

    [Fact]
    public async Task VerifyChecksTheSignatureAgainstTheKey()
    {
        await MakeKeyAsync("private.pem");
        await MakeKeyAsync("other.pem");
        await File.WriteAllTextAsync(_folder["bootconf.txt"], "[all]\nSIGNED_BOOT=1\n", TestContext.Current.CancellationToken);
        await SignAsync("private.pem");
        await DoneAsync("config", "pieeprom.bin", "--config", "bootconf.txt", "--signature", "bootconf.sig", "--pubkey", "private.pem", "--output", "new.bin");
        (await DoneAsync("verify", "new.bin")).ShouldContain("signed by the key in the image");

        await DoneAsync("config", "new.bin", "--pubkey", "other.pem", "--output", "other.bin");
        var (status, output, _) = await RunAsync("verify", "other.bin", "-o", "json");
        status.ShouldBe(1);
        using var report = JsonDocument.Parse(output);
        report.RootElement.GetProperty("ok").GetBoolean().ShouldBeFalse();
        output.ShouldContain("was not signed by the key in the image");

        await File.WriteAllTextAsync(_folder["bootconf.txt"], "[all]\nSIGNED_BOOT=0\n", TestContext.Current.CancellationToken);
        (await RunAsync("config", "new.bin", "--config", "bootconf.txt", "--output", "changed.bin")).Errors.ShouldContain("give --signature");
        (status, output, _) = await RunAsync("verify", "changed.bin");
        status.ShouldBe(1);
        output.ShouldContain("error  bootconf.sig  is of another configuration");
    }

    [Fact]
    public async Task ACertificateMustBeDerAndTheOneThatIsAskedFor()
    {
        await MakeKeyAsync("ca.key");
        await OpenSslAsync("req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=lab", "-out", "ca.pem");
        await OpenSslAsync("x509", "-in", "ca.pem", "-outform", "der", "-out", "ca.der");
        (await RefusedAsync("config", "pieeprom.bin", "--cacert", "ca.pem", "--output", "new.bin")).ShouldContain("openssl x509 -in ca.pem -outform der");

        var certificate = await File.ReadAllBytesAsync(_folder["ca.der"], TestContext.Current.CancellationToken);
        var hash = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(certificate));
        await File.WriteAllTextAsync(_folder["bootconf.txt"], $"[all]\nHTTP_CACERT_HASH={hash}\n", TestContext.Current.CancellationToken);
        await DoneAsync("config", "pieeprom.bin", "--config", "bootconf.txt", "--output", "none.bin");
        (await RunAsync("verify", "none.bin")).Status.ShouldBe(1);
        await DoneAsync("config", "none.bin", "--cacert", "ca.der", "--output", "new.bin");
        (await DoneAsync("verify", "new.bin")).ShouldContain("is the one that HTTP_CACERT_HASH asks for");
    }

    private async Task SignAsync(string key)
    {
        await OpenSslAsync("dgst", "-sha256", "-sign", key, "-out", "raw", "bootconf.txt");
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(_folder["bootconf.txt"])));
        var signature = Convert.ToHexStringLower(await File.ReadAllBytesAsync(_folder["raw"]));
        await File.WriteAllTextAsync(_folder["bootconf.sig"], $"{hash}\nts: 1700000000\nrsa2048: {signature}\n");
    }

    private Task MakeKeyAsync(string name) => OpenSslAsync("genrsa", "-out", name, "2048");

    private async Task OpenSslAsync(params IReadOnlyList<string> arguments)
    {
        HostProgram.Require("openssl");
        await HostProgram.CheckAsync("openssl", arguments, _folder.Path);
    }

    private List<string> Names() => [.. Directory.GetFileSystemEntries(_folder.Path).Select(path => Path.GetFileName(path)).Order()];

    private Task<(int Status, string Output, string Errors)> RunAsync(params IReadOnlyList<string> arguments) =>
        HostProgram.RunAsync(ImageProgram.Path, ["eeprom", .. arguments], _folder.Path);

    private async Task<string> DoneAsync(params IReadOnlyList<string> arguments)
    {
        var (status, output, errors) = await RunAsync(arguments);
        status.ShouldBe(0, errors);
        errors.ShouldBeEmpty();
        return output;
    }

    private async Task<string> RefusedAsync(params IReadOnlyList<string> arguments)
    {
        var (status, output, errors) = await RunAsync(arguments);
        status.ShouldBe(1, errors);
        output.ShouldBeEmpty();
        return errors;
    }
}

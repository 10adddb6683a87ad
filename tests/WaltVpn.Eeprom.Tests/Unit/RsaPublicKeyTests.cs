using System.Security.Cryptography;
using System.Text;

namespace WaltVpn.Eeprom.Tests.Unit;

/// <summary>Keys and signatures that OpenSSL made.</summary>
public sealed class RsaPublicKeyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task EveryFormOfAKeyGivesTheSamePublicHalf()
    {
        await OpenSslAsync("genrsa", "-out", "pkcs8.pem", "2048");
        await OpenSslAsync("rsa", "-traditional", "-in", "pkcs8.pem", "-out", "pkcs1.pem");
        await OpenSslAsync("pkey", "-in", "pkcs8.pem", "-pubout", "-out", "public.pem");
        await OpenSslAsync("rsa", "-in", "pkcs8.pem", "-RSAPublicKey_out", "-out", "public1.pem");
        var key = RsaPublicKey.FromPem(_folder.Read("public.pem"));
        foreach (var form in (string[])["pkcs8.pem", "pkcs1.pem", "public1.pem"])
        {
            RsaPublicKey.FromPem(_folder.Read(form)).ToBinary().ShouldBe(key.ToBinary(), form);
        }

        using var judge = RSA.Create();
        judge.ImportFromPem(_folder.Read("public.pem"));
        key.Modulus.SequenceEqual(judge.ExportParameters(false).Modulus).ShouldBeTrue();
        key.Exponent.ShouldBe(65537u);
    }

    [Fact]
    public async Task ASignatureOfOpenSslIsVerified()
    {
        await OpenSslAsync("genrsa", "-out", "private.pem", "2048");
        var content = Vectors.Bytes(Vectors.Config);
        _folder.Write("bootconf.txt", content);
        var signature = await OpenSslAsync("dgst", "-sha256", "-sign", "private.pem", "bootconf.txt");
        var key = RsaPublicKey.FromPem(_folder.Read("private.pem"));
        var text = $"{TestImages.Hash(content)}\nts: 1700000000\nrsa2048: {Convert.ToHexStringLower(signature)}\n";
        text.Length.ShouldBe(602);

        var read = BootSignature.Parse(Encoding.ASCII.GetBytes(text));
        read.Time.ShouldBe(1_700_000_000);
        read.IsSigned.ShouldBeTrue();
        read.IsHashOf(content).ShouldBeTrue();
        read.IsSignatureOf(content, key).ShouldBeTrue();
        read.IsSignatureOf(content, RsaPublicKey.FromPem(Vectors.PublicKeyPem)).ShouldBeFalse();
        content[0] ^= 1;
        read.IsHashOf(content).ShouldBeFalse();
        read.IsSignatureOf(content, key).ShouldBeFalse();
    }

    [Theory]
    [InlineData("genrsa -out x.pem 1024", "1024 bits")]
    [InlineData("genrsa -out x.pem 3072", "3072 bits")]
    [InlineData("genpkey -algorithm ed25519 -out x.pem", "another kind")]
    [InlineData("ecparam -genkey -name prime256v1 -noout -out x.pem", "EC PRIVATE KEY")]
    [InlineData("genrsa -aes128 -passout pass:secret -out x.pem 2048", "passphrase")]
    public async Task AnotherKeyIsRefused(string arguments, string reason)
    {
        await OpenSslAsync(arguments.Split(' '));
        var error = Should.Throw<EepromException>(() => RsaPublicKey.FromPem(_folder.Read("x.pem")));
        error.Fault.ShouldBe(EepromFault.BadKey);
        error.Message.ShouldContain(reason);
        error.Message.ShouldContain("openssl genrsa");
    }

    [Theory]
    [InlineData("")]
    [InlineData("ssh-ed25519 AAAA")]
    [InlineData("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    public void NoKeyIsRefused(string text) => Should.Throw<EepromException>(() => RsaPublicKey.FromPem(text)).Fault.ShouldBe(EepromFault.BadKey);

    [Fact]
    public void TheBinaryFormIsReadAgainAndNothingElseIs()
    {
        var binary = RsaPublicKey.FromPem(Vectors.PublicKeyPem).ToBinary();
        RsaPublicKey.TryFromBinary(binary, out var key).ShouldBeTrue();
        key.ToBinary().ShouldBe(binary);
        RsaPublicKey.TryFromBinary(binary.AsSpan(1), out _).ShouldBeFalse();
        RsaPublicKey.TryFromBinary(new byte[264], out _).ShouldBeFalse();
        RsaPublicKey.TryFromBinary(new byte[512], out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("00\nts: 1\n", 1)]
    [InlineData("H\n", 2)]
    [InlineData("H\nts: -1\n", 2)]
    [InlineData("H\nts: 1\nrsa2048: 00\n", 3)]
    [InlineData("H\nts: 1\ntarget-soc: 2837\n", 3)]
    [InlineData("H\nts: 1\ntarget-soc: 2711\ntarget-soc: 2711\n", 4)]
    [InlineData("H\nts: 1\nelse\n", 3)]
    [InlineData("H\r\nts: 1\r\n", 1)]
    public void ASignatureOfAnotherFormIsRefusedWithItsLine(string text, int line)
    {
        var content = Encoding.ASCII.GetBytes(text.Replace("H", new string('a', 64), StringComparison.Ordinal));
        var error = Should.Throw<EepromException>(() => BootSignature.Parse(content));
        error.Fault.ShouldBe(EepromFault.BadSignature);
        error.Message.ShouldStartWith($"line {line} ");
    }

    [Fact]
    public void AnUnsignedTextVerifiesNothing()
    {
        var read = BootSignature.Parse(Vectors.Signature);
        read.IsSigned.ShouldBeFalse();
        read.IsSignatureOf("x"u8, RsaPublicKey.FromPem(Vectors.PublicKeyPem)).ShouldBeFalse();
    }

    private Task<byte[]> OpenSslAsync(params IReadOnlyList<string> arguments) => HostProgram.RunAsync(_folder.Path, "openssl", arguments);
}

using System.Security.Cryptography;
using WaltVpn.Protocol;

namespace WaltVpn.ImageBuilder.BootImage;

/// <summary>The operator's key for boot files, as <c>waltvpn boot make-key</c> or openssl makes it.</summary>
internal sealed class BootKey : IDisposable
{
    /// <summary>The firmware of the boards takes no other.</summary>
    private const int Bits = 2048;

    private readonly RSA _key;

    private BootKey(RSA key) => _key = key;

    /// <summary>Reads a PEM file.</summary>
    /// <exception cref="ImageException">It is no private RSA key of that size. The message has nothing of the key.</exception>
    public static BootKey Read(string path)
    {
        using var file = InputFile.Open(path, "a boot key", "make a pair: waltvpn boot make-key", "or name yours: --key FILE");
        using var reader = new StreamReader(file);
        var key = RSA.Create();
        try
        {
            key.ImportFromPem(reader.ReadToEnd());
            // Throws for a public half.
            _ = key.ExportParameters(includePrivateParameters: true);
            if (key.KeySize == Bits) return new BootKey(key);
        }
        catch (Exception error) when (error is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new ImageException($"{path} is no private RSA key in PEM form without passphrase", error, "make a pair: waltvpn boot make-key");
        }

        var size = key.KeySize;
        key.Dispose();
        throw new ImageException($"{path} is a key of {size} bits; the boards' firmware takes {Bits}", "make a pair: waltvpn boot make-key");
    }

    /// <summary>Signs the content of a boot.img.</summary>
    /// <param name="time">For the file's line <c>ts</c>, which the signature does not cover.</param>
    public SignatureFile Sign(ReadOnlySpan<byte> image, DateTimeOffset time)
    {
        var signature = _key.SignData(image, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return new SignatureFile(Convert.ToHexStringLower(SHA256.HashData(image)), time.ToUnixTimeSeconds(), null, signature);
    }

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();
}

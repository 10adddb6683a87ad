using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using WaltVpn.Eeprom;

namespace WaltVpn.ImageBuilder.Eeprom;

/// <summary>The changes that the operator asks for, as paths of files. All of them are read and checked before an image is made.</summary>
internal sealed class ImageEdit
{
    private readonly List<string> _notes = [];

    public string? Config { get; init; }

    public string? PublicKey { get; init; }

    public string? Signature { get; init; }

    public string? Certificate { get; init; }

    public DateTimeOffset? Time { get; init; }

    /// <summary>What the operator should know although it was done; after <see cref="Apply"/>.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>The image with the changes.</summary>
    /// <param name="path">Of the image, for messages.</param>
    /// <exception cref="ImageException">A file is not what it should be, or does not fit.</exception>
    public EepromImage Apply(string path, EepromImage image)
    {
        if (Time is { } time) image = EepromInput.Named(path, () => image.WithTimestamp(time));
        image = With(path, image, EepromFiles.CaCertificate, Certificate, "a certificate", CheckCertificate);
        image = With(path, image, EepromFiles.BootConfig, Config, "a bootloader configuration", CheckConfig);
        image = With(path, image, EepromFiles.PublicKey, PublicKey, "a key in PEM form", ConvertKey);
        var withoutSignature = image;
        image = With(path, image, EepromFiles.BootConfigSignature, Signature, "a signature", content => CheckSignature(content, withoutSignature));
        if (Config is not null && Signature is null) NoteOldSignature(image);
        return image;
    }

    /// <param name="convert">Looks at the file and gives what goes into the image.</param>
    private static EepromImage With(string path, EepromImage image, string name, string? source, string what, Func<byte[], byte[]> convert)
    {
        if (source is null) return image;
        var content = EepromInput.ReadFile(source, what);
        var converted = EepromInput.Named(source, () => convert(content));
        return EepromInput.Named(path, () => image.With(name, converted));
    }

    private static byte[] ConvertKey(byte[] content) => RsaPublicKey.FromPem(Encoding.Latin1.GetString(content)).ToBinary();

    private byte[] CheckConfig(byte[] content)
    {
        foreach (var problem in BootConfig.Parse(content).FindProblems()) _notes.Add($"{Config} line {problem.Line}: {problem.Message}");
        return content;
    }

    /// <summary>A board with secure boot that finds a wrong signature does not boot any more.</summary>
    private byte[] CheckSignature(byte[] content, EepromImage image)
    {
        if (BootSignature.Parse(content).IsHashOf(image.Read(EepromFiles.BootConfig))) return content;
        throw new ImageException(
            $"{Signature} is not the signature of the configuration that the image would have", "sign bootconf.txt again, exactly as it is given here");
    }

    private byte[] CheckCertificate(byte[] content)
    {
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(content);
            // PEM is read too, but not by a bootloader.
            if (certificate.RawData.AsSpan().SequenceEqual(content)) return content;
        }
        catch (CryptographicException)
        {
            // Said below, with what to type.
        }

        throw new ImageException($"{Certificate} is no certificate in DER form", $"from PEM: openssl x509 -in {Certificate} -outform der -out cacert.der");
    }

    private void NoteOldSignature(EepromImage image)
    {
        if (image.Find(EepromFiles.BootConfigSignature) is null || EepromImage.IsUnset(image.Read(EepromFiles.BootConfigSignature))) return;
        _notes.Add("the image keeps its bootconf.sig, which is of another configuration; a board with secure boot will not boot: give --signature");
    }
}

using System.Security.Cryptography;
using WaltVpn.Eeprom;

namespace WaltVpn.ImageBuilder.Eeprom;

/// <summary>What <c>waltvpn-image eeprom verify</c> says of an image. Its JSON form is for scripts: members are added, never renamed.</summary>
/// <param name="Firmware">Path of the image.</param>
/// <param name="Ok">False when a finding is an error.</param>
/// <param name="Findings">In the order of the checks.</param>
internal sealed record VerifyReport(string Firmware, bool Ok, IReadOnlyList<VerifyFinding> Findings)
{
    private const string Good = "ok";
    private const string Note = "note";
    private const string Error = "error";

    /// <summary>Makes all checks; one that fails does not keep the others from being made.</summary>
    public static VerifyReport Of(string path, EepromImage image)
    {
        var findings = new List<VerifyFinding> { new(Good, "sections", $"{image.Sections.Count}, one behind the other, all inside the image") };
        Add(findings, "configuration", () => Configuration(image));
        Add(findings, EepromFiles.PublicKey, () => Key(image));
        Add(findings, EepromFiles.BootConfigSignature, () => Signature(image));
        Add(findings, EepromFiles.CaCertificate, () => Certificate(image));
        Add(findings, "node", () => Node(image));
        return new VerifyReport(path, findings.All(finding => finding.Level != Error), findings);
    }

    private static void Add(List<VerifyFinding> findings, string about, Func<IEnumerable<(string Level, string Text)>> check)
    {
        try
        {
            findings.AddRange(check().Select(found => new VerifyFinding(found.Level, about, found.Text)));
        }
        catch (EepromException error)
        {
            findings.Add(new VerifyFinding(Error, about, error.Message));
        }
    }

    private static List<(string Level, string Text)> Configuration(EepromImage image)
    {
        var config = BootConfig.Parse(image.Read(EepromFiles.BootConfig));
        var budget = ConfigBudget.Of(config, image.Capacity(EepromFiles.BootConfig));
        List<(string, string)> found = [(budget.Free >= 0 ? Good : Error, $"{budget.Used} of {budget.Capacity} bytes")];
        found.AddRange(config.FindProblems().Select(problem => (problem.IsError ? Error : Note, $"line {problem.Line}: {problem.Message}")));
        return found;
    }

    private static List<(string Level, string Text)> Key(EepromImage image)
    {
        if (Content(image, EepromFiles.PublicKey) is not { } content) return [(Note, "none; the board takes what the vendor signed")];
        return RsaPublicKey.TryFromBinary(content, out _)
            ? [(Good, $"RSA-2048, sha256 {EepromReport.KeyHash(image)}")]
            : [(Error, $"{content.Length} bytes that are no RSA-2048 key; set it again: waltvpn-image eeprom config --pubkey public.pem")];
    }

    private static List<(string Level, string Text)> Signature(EepromImage image)
    {
        if (Content(image, EepromFiles.BootConfigSignature) is not { } content) return [(Note, "none; only boards with secure boot need one")];
        var signature = BootSignature.Parse(content);
        var config = image.Read(EepromFiles.BootConfig);
        if (!signature.IsHashOf(config)) return [(Error, "is of another configuration than the one in the image; sign that one")];
        if (!signature.IsSigned) return [(Note, "has the hash of the configuration, and no signature")];
        if (Content(image, EepromFiles.PublicKey) is not { } key || !RsaPublicKey.TryFromBinary(key, out var publicKey))
        {
            return [(Note, "is signed; there is no key in the image to check it with")];
        }

        return signature.IsSignatureOf(config, publicKey)
            ? [(Good, "signed by the key in the image")]
            : [(Error, "was not signed by the key in the image; sign it with the other half of that key")];
    }

    private static List<(string Level, string Text)> Certificate(EepromImage image)
    {
        var expected = BootConfig.Parse(image.Read(EepromFiles.BootConfig)).Find("HTTP_CACERT_HASH");
        var content = Content(image, EepromFiles.CaCertificate);
        if (expected is null) return [(Note, content is null ? "none" : "is there, and no HTTP_CACERT_HASH says that it is to be used")];
        if (content is null) return [(Error, "none, although HTTP_CACERT_HASH asks for one; set it: waltvpn-image eeprom config --cacert cacert.der")];
        return string.Equals(Convert.ToHexString(SHA256.HashData(content)), expected, StringComparison.OrdinalIgnoreCase)
            ? [(Good, "is the one that HTTP_CACERT_HASH asks for")]
            : [(Error, "is not the one that HTTP_CACERT_HASH asks for; set either again")];
    }

    private static List<(string Level, string Text)> Node(EepromImage image)
    {
        var variables = VpnVariables.ReadFrom(BootConfig.Parse(image.Read(EepromFiles.BootConfig)));
        if (variables is null) return [(Note, "not the image of a VPN node")];
        var key = variables.Credentials.CertificateType;
        return [(Good, $"VPN MAC {variables.Mac}, entrypoint {variables.Entrypoint}, boot files at {variables.HttpHost}, {key}")];
    }

    /// <summary>Null when the image has no such file, or one that was never filled.</summary>
    private static byte[]? Content(EepromImage image, string name) =>
        image.Find(name) is not null && image.Read(name) is var content && !EepromImage.IsUnset(content) ? content.ToArray() : null;
}

/// <summary>One thing that was checked.</summary>
/// <param name="Level"><c>ok</c>, <c>note</c> or <c>error</c>.</param>
/// <param name="About">What was looked at.</param>
/// <param name="Text">What was found, and what to do.</param>
internal sealed record VerifyFinding(string Level, string About, string Text);

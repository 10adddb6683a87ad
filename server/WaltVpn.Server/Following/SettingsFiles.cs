using System.Security.Cryptography;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Following;

/// <summary>The files that server.yaml names, as a settings document has them.</summary>
/// <param name="HostKeys">Lines.</param>
/// <param name="BootKey">DER, base64; null: not made yet.</param>
/// <param name="BootCaCertificate">DER, base64; null: not set.</param>
internal sealed record SettingsFiles(IReadOnlyList<string> HostKeys, string? BootKey, string? BootCaCertificate)
{
    /// <summary>Reads them. A file that is there and cannot be read is no setting that is not there: that would change what nodes have.</summary>
    /// <exception cref="IOException">A file is missing, the boot key excepted, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file cannot be read.</exception>
    /// <exception cref="FormatException">A file holds something else.</exception>
    public static SettingsFiles Read(ServerSettings settings) => new(
        [.. settings.HostKeyFiles.Select(ServerHostKey.Load)],
        File.Exists(settings.BootPublicKeyFile) ? ReadBootKey(settings.BootPublicKeyFile) : null,
        settings.BootCaCertificateFile is { } authority ? Convert.ToBase64String(File.ReadAllBytes(authority)) : null);

    private static string ReadBootKey(string file)
    {
        var pem = File.ReadAllText(file);
        try
        {
            using var key = RSA.Create();
            key.ImportFromPem(pem);
            return Convert.ToBase64String(key.ExportSubjectPublicKeyInfo());
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            throw new FormatException($"{file}: no public key in PEM form; 'waltvpn boot make-key' makes one ({e.Message})", e);
        }
    }
}

using System.Security.Cryptography;
using WaltVpn.Agent.OpenSsh;
using WaltVpn.Eeprom;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Reconcile;

/// <summary>What a settings document means for a board's EEPROM.</summary>
internal static class DocumentSettings
{
    /// <summary>Reads it.</summary>
    /// <returns>Null when the server has nothing that a board could boot: its firmware is left as it is.</returns>
    /// <exception cref="StageException">Something in it cannot be written into an EEPROM.</exception>
    public static DesiredSettings? Read(SettingsDocument document)
    {
        if (document is not { HttpEntrypoint: { } http, BootKey: { } bootKey }) return null;
        if (http.Port != HttpEntrypoint.DefaultPort)
            throw Wrong("httpEntrypoint", $"port {http.Port}; this program writes port {HttpEntrypoint.DefaultPort} only");
        if (!NodeCertificate.TryParse(document.Certificate, out var certificate)) throw Wrong("certificate", "no user certificate of an Ed25519 or ECDSA key");
        SshEntrypoint[] places =
        [
            .. document.SshEntrypoints.Select(text => SshEntrypoint.TryParse(text, out var place) ? place : throw Wrong("sshEntrypoints", text)),
        ];
        string[] names = [.. places.Select(KnownHosts.NameOf).Distinct()];
        return new DesiredSettings
        {
            Entrypoints = places,
            HttpHost = http.Host,
            HttpPath = http.Path,
            BootMode = document.BootMode switch
            {
                BootMode.Enforced => VpnBootMode.Enforced,
                BootMode.Permissive => VpnBootMode.Permissive,
            },
            Mac = document.VpnMac,
            Certificate = certificate,
            HostKeys = [.. names.SelectMany(name => document.HostKeys.Select(key => new HostKey(name, key.Split(' ')[0], key.Split(' ')[1])))],
            BootKey = ReadBootKey(bootKey),
            CaCertificate = document.BootCaCertificate is { } authority ? Convert.FromBase64String(authority) : null,
            HostNames = names,
            LeastBootloader = document.LeastBootloader is { } least ? DateTimeOffset.FromUnixTimeSeconds(least) : null,
            Mark = new CredentialsMark(document.Platform, document.Counter),
        };
    }

    private static RsaPublicKey ReadBootKey(string base64)
    {
        try
        {
            return RsaPublicKey.FromPem(PemEncoding.WriteString("PUBLIC KEY", Convert.FromBase64String(base64)));
        }
        catch (EepromException mistake)
        {
            throw Wrong("bootKey", mistake.Message);
        }
    }

    private static StageException Wrong(string setting, string reason) => new($"the server's {setting} cannot be used: {reason}");
}

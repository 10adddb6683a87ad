using System.Security.Cryptography;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.BootFiles;

/// <summary>Where this node's boot files are, and what they must be signed with.</summary>
/// <param name="Server">Scheme http.</param>
/// <param name="Path">Of the folder with boot.sig and boot.img; begins and does not end with a slash.</param>
/// <param name="Key">DER of the public key.</param>
internal sealed record BootSource(Uri Server, string Path, ReadOnlyMemory<byte> Key)
{
    private const int KeySize = 2048;

    /// <summary>What the server told last counts, all of it; else what stands on the card. Null: neither names both places and key.</summary>
    /// <param name="told">The settings document in use; null: the card's settings are.</param>
    public static BootSource? Of(NodeSettings card, SettingsDocument? told, string nodeId)
    {
        if (told is { HttpEntrypoint: { } place, BootKey: { } key })
            return new BootSource(new Uri($"http://{Bracketed(place.Host)}:{place.Port}"), $"/{place.Path}", Convert.FromBase64String(key));
        return told is null && card is { HttpEntrypoint: { } text, BootKey: { } own } && TryParseServer(text, out var server)
            ? new BootSource(server, $"{Routes.Boot}/{nodeId}", Convert.FromBase64String(own))
            : null;
    }

    /// <summary>What is wrong with a card's settings; null: nothing.</summary>
    public static string? Problem(NodeSettings card)
    {
        if (card.HttpEntrypoint is { } text && !TryParseServer(text, out _))
            return $"httpEntrypoint: '{text}' is no host name or address, with or without :port";
        if (card.BootKey is { } key && !IsKey(key)) return "bootKey must be an RSA-2048 public key, base64 of DER; 'waltvpn setup-node' writes it";
        var virtualMachine = card.Mode == HandOffMode.VirtualMachine;
        if (virtualMachine && card.BootKey is null) return "mode vm takes a bootKey, with which the virtual machine's image is signed";
        if ((card.HttpEntrypoint is null) != (card.BootKey is null) && !virtualMachine) return "httpEntrypoint and bootKey belong together: set both or none";
        return CachePolicy.Parse(card.BootCache) is null ? $"bootCache: '{card.BootCache}' is neither never nor stale-ok:DAYS" : null;
    }

    /// <summary>True when the signature is this platform's over an image.</summary>
    /// <param name="signature">boot.sig.</param>
    public bool IsSigned(SignatureFile signature)
    {
        using var key = RSA.Create();
        key.ImportSubjectPublicKeyInfo(Key.Span, out _);
        return key.KeySize == KeySize && signature.Signature is { } bytes
            && key.VerifyHash(Convert.FromHexString(signature.Sha256), bytes.Span, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }

    private static bool TryParseServer(string text, out Uri server)
    {
        server = null!;
        if (!SshEntrypoint.TryParse(text, out var place)) return false;
        var bare = text == Bracketed(place.Host);
        server = new Uri($"http://{Bracketed(place.Host)}:{(bare ? HttpEntrypoint.DefaultPort : place.Port)}");
        return true;
    }

    private static bool IsKey(string text)
    {
        try
        {
            using var key = RSA.Create();
            key.ImportSubjectPublicKeyInfo(Convert.FromBase64String(text), out _);
            return key.KeySize == KeySize;
        }
        catch (Exception wrong) when (wrong is FormatException or CryptographicException)
        {
            return false;
        }
    }

    private static string Bracketed(string host) => host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
}

using System.Formats.Asn1;
using System.Net;
using System.Net.Sockets;
using WaltVpn.Agent.OpenSsh;
using WaltVpn.Agent.WaltHttp;
using WaltVpn.Eeprom;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Reconcile;

/// <summary>What the server answered to a board, read and checked; a board that has not enrolled gets no MAC, certificate or path yet.</summary>
internal sealed record WaltSettings
{
    /// <summary>How WalT's nodes call their server when they are at home, whatever address this board asked.</summary>
    private const string ServerName = "server.walt";

    public required IReadOnlyList<SshEntrypoint> Entrypoints { get; init; }

    public required string HttpHost { get; init; }

    public required string HttpPath { get; init; }

    public required VpnBootMode BootMode { get; init; }

    public required MacAddress? Mac { get; init; }

    public required NodeCertificate? Certificate { get; init; }

    public required IReadOnlyList<HostKey> HostKeys { get; init; }

    public required RsaPublicKey BootKey { get; init; }

    public required byte[]? CaCertificate { get; init; }

    private IReadOnlyCollection<string> HostNames { get; init; } = [];

    /// <summary>Asks for all of them.</summary>
    /// <param name="scan">The server's own host keys are not among its answers: ask the server at its SSH port, as WalT's nodes do.</param>
    /// <returns>Null when the server has no complete VPN configuration.</returns>
    /// <exception cref="HttpException">An answer is missing or not what it should be; nothing of the others is used.</exception>
    public static async Task<WaltSettings?> Fetch(WaltHttpClient server, bool scan, CancellationToken stopping)
    {
        var entrypoint = await server.Get("ssh-entrypoint");
        var host = await server.Get("http-entrypoint");
        var mode = await server.Get("boot-mode");
        if (entrypoint.Length == 0 || host.Length == 0 || mode.Length == 0) return null;
        var entrypoints = ReadEntrypoints(entrypoint);
        var address = server.Server.IdnHost.Trim('[', ']');
        string[] names = [.. entrypoints.Select(KnownHosts.NameOf).Append(ServerName).Append(address).Distinct()];
        var hostKeys = ReadHostKeys(await server.Get("ssh-entrypoint-host-keys"), names);
        if (scan) hostKeys = [.. hostKeys.Union((await HostKeyScan.Run(address, stopping)).Select(key => key with { Host = ServerName }))];
        if (entrypoints.FirstOrDefault(place => hostKeys.All(key => key.Host != KnownHosts.NameOf(place))) is { Host: not null } unknown)
        {
            throw Wrong("ssh-entrypoint-host-keys", $"there is no key of {KnownHosts.NameOf(unknown)}");
        }

        return new WaltSettings
        {
            Entrypoints = entrypoints,
            HttpHost = host,
            HttpPath = await server.Get("http-path"),
            BootMode = mode switch
            {
                "enforced" => VpnBootMode.Enforced,
                "permissive" => VpnBootMode.Permissive,
                _ => throw Wrong("boot-mode", $"'{WaltHttpClient.Printable(mode)}' instead of enforced or permissive"),
            },
            Mac = ReadMac(await server.Get("vpn-mac")),
            Certificate = ReadCertificate(await server.Get("ssh-pubkey-cert")),
            HostKeys = hostKeys,
            BootKey = ReadBootKey(await server.Get("public.pem")),
            CaCertificate = ReadAuthority(await server.FindBytes("cacert.der")),
            HostNames = names,
        };
    }

    /// <summary>What the board's EEPROM must say.</summary>
    /// <exception cref="HttpException">The server took the board, and does not say who it is.</exception>
    public DesiredSettings ForNode() => new()
    {
        Entrypoints = Entrypoints,
        HttpHost = HttpHost,
        HttpPath = HttpPath.Length > 0 ? HttpPath : throw Wrong("http-path", "empty, for a board that is enrolled"),
        BootMode = BootMode,
        Mac = Mac ?? throw Wrong("vpn-mac", "empty, for a board that is enrolled"),
        Certificate = Certificate ?? throw Wrong("ssh-pubkey-cert", "empty, for a board that is enrolled; does somebody have to accept it? waltvpn monitor"),
        HostKeys = HostKeys,
        BootKey = BootKey,
        CaCertificate = CaCertificate,
        HostNames = HostNames,
    };

    /// <summary>WalT's servers give one host; ours may give several, with ports.</summary>
    private static List<SshEntrypoint> ReadEntrypoints(string text)
    {
        var places = new List<SshEntrypoint>();
        foreach (var word in text.Split((char[])[',', ' ', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries))
        {
            var isBareAddress = IPAddress.TryParse(word, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6 && word[0] != '[';
            if (SshEntrypoint.TryParse(isBareAddress ? $"[{address}]" : word, out var place)) places.Add(place);
            else throw Wrong("ssh-entrypoint", $"'{WaltHttpClient.Printable(word)}' is no HOST or HOST:PORT");
        }

        return [.. places.Distinct()];
    }

    private static IReadOnlyList<HostKey> ReadHostKeys(string text, IReadOnlyCollection<string> names)
    {
        try
        {
            return KnownHosts.Read(text, names);
        }
        catch (FormatException mistake)
        {
            throw Wrong("ssh-entrypoint-host-keys", mistake.Message);
        }
    }

    private static MacAddress? ReadMac(string text) => text.Length == 0 ? null
        : MacAddress.TryParse(text, out var mac) ? mac
        : throw Wrong("vpn-mac", $"'{WaltHttpClient.Printable(text)}' is no MAC address of a station");

    private static NodeCertificate? ReadCertificate(string text) => text.Length == 0 ? null
        : NodeCertificate.TryParse(text, out var certificate) ? certificate
        : throw Wrong("ssh-pubkey-cert", "no user certificate of an Ed25519 or ECDSA key");

    private static RsaPublicKey ReadBootKey(string text)
    {
        try
        {
            return RsaPublicKey.FromPem(text);
        }
        catch (EepromException mistake)
        {
            throw Wrong("public.pem", mistake.Message);
        }
    }

    private static byte[]? ReadAuthority(byte[]? der)
    {
        if (der is null) return null;
        try
        {
            var reader = new AsnReader(der, AsnEncodingRules.DER);
            reader.ReadSequence();
            reader.ThrowIfNotEmpty();
            return der;
        }
        catch (AsnContentException mistake)
        {
            throw Wrong("cacert.der", $"no certificate in DER form: {mistake.Message}");
        }
    }

    private static HttpException Wrong(string setting, string reason) => new($"the server's {setting} cannot be used: {reason}");
}

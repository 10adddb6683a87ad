using WaltVpn.Agent.OpenSsh;
using WaltVpn.Agent.Reconcile;
using WaltVpn.Eeprom;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Tests.Reconcile;

/// <summary>Settings to start a test from.</summary>
internal static class Desired
{
    public static SshMaterial Material => SshMaterial.Shared;

    public static Secret Key => Material.Nodes[0].Key;

    public static DesiredSettings First => new()
    {
        Entrypoints = [new("ssh.example.org", 22)],
        HttpHost = "boot.example.org",
        HttpPath = "walt-vpn/per-ip/10-0-0-7",
        BootMode = VpnBootMode.Permissive,
        Mac = MacAddress.Parse("52:54:00:12:34:56"),
        Certificate = Certificate(0, 0),
        HostKeys = [Host("ssh.example.org", 0), Host("server.walt", 1)],
        BootKey = RsaPublicKey.FromPem(Material.BootKeys[0]),
        HostNames = ["ssh.example.org", "server.walt"],
    };

    public static NodeCertificate Certificate(int node, int number) =>
        NodeCertificate.TryParse(Material.Nodes[node].Certificates[number], out var certificate)
            ? certificate
            : throw new InvalidOperationException("ssh-keygen's certificate is not read");

    public static HostKey Host(string name, int key) => new(name, Material.HostKeys[key].Split(' ')[0], Material.HostKeys[key].Split(' ')[1]);

    public static HostKey RsaHost(string name, int key) => new(name, HostKey.Rsa, Material.RsaHostKeys[key].Split(' ')[1]);
}

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using WaltVpn.Agent.Tests.Reconcile;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Tests.Following;

/// <summary>
/// A real sshd with a certificate authority, whose forced command answers the settings question with a file of the test's. Root, in a private host.
/// </summary>
internal sealed class SettingsServer : IDisposable
{
    public const string NodeId = "00112233445566778899aabbccddeeff";

    private readonly WorkFolder _folder = new();
    private readonly List<Process> _running = [];

    public SettingsServer()
    {
        // sshd's forced command runs as the user who logged in.
        File.SetUnixFileMode(_folder.Path, (UnixFileMode)0b111_101_101);
        foreach (var name in (string[])["ca", "host", "other_host", "node", "other_node"])
            SshMaterial.Run(_folder, "ssh-keygen", "-q", "-N", "", "-C", "", "-t", "ed25519", "-f", name);
        SshMaterial.Run(_folder, "ssh-keygen", "-q", "-N", "", "-C", "", "-t", "ecdsa", "-f", "ecdsa_host");
        Certificate = Certify("node", NodeId);
        File.WriteAllText(
            _folder.At("answer"), $"#!/bin/sh\ncd {_folder.Path} && [ \"$SSH_ORIGINAL_COMMAND\" = 'waltvpn-settings 1' ] && exec cat document\nexit 1\n");
        File.SetUnixFileMode(_folder.At("answer"), (UnixFileMode)0b111_101_101);
        Port = Listen("host");
    }

    /// <summary>Of the sshd with the right host key.</summary>
    public int Port { get; }

    public string HostKey => PublicKey("host");

    public string EcdsaHostKey => PublicKey("ecdsa_host");

    public string OtherHostKey => PublicKey("other_host");

    public Secret NodeKey => new(_folder.Read("node"));

    public string KeyFile => _folder.At("node");

    public string NodePublicKey => PublicKey("node");

    public string Certificate { get; }

    /// <summary>What this server tells when nothing was changed.</summary>
    public SettingsDocument Document => new()
    {
        Version = 1,
        Platform = "lab",
        NodeId = NodeId,
        Counter = 1_800_000_000,
        SshEntrypoints = [$"127.0.0.1:{Port}"],
        HostKeys = [HostKey],
        HttpEntrypoint = new HttpEntrypoint { Host = "boot.example.org", Port = 80, Path = $"walt-vpn/boot/{NodeId}" },
        BootMode = BootMode.Enforced,
        VpnMac = MacAddress.Parse("52:54:00:12:34:56"),
        BootKey = Convert.ToBase64String(BootKeyOf(SshMaterial.Shared.BootKeys[0])),
        Certificate = Certificate,
    };

    /// <summary>A certificate of one of the keys, by this server's authority.</summary>
    public string Certify(string key, string nodeId, string number = "1")
    {
        SshMaterial.Run(_folder, "ssh-keygen", "-q", "-s", "ca", "-I", $"{nodeId}/{number}", "-n", "walt-vpn", "-z", number, "-O", "clear", $"{key}.pub");
        return string.Join(' ', _folder.Read($"{key}-cert.pub").Split(' ')[..2]);
    }

    /// <summary>From here on it tells this.</summary>
    public void Tell(SettingsDocument document) => Tell([.. document.ToBytes(), (byte)'\n']);

    public void Tell(ReadOnlySpan<byte> answer) => _folder.Write("document", answer);

    /// <summary>Starts one more sshd.</summary>
    /// <param name="hostKeys">host, other_host, ecdsa_host.</param>
    /// <returns>Its port.</returns>
    public int Listen(params string[] hostKeys)
    {
        var port = FreePort();
        var configuration = $"""
            Port {port}
            ListenAddress 127.0.0.1
            {string.Join('\n', hostKeys.Select(key => $"HostKey {_folder.At(key)}"))}
            TrustedUserCAKeys {_folder.At("ca.pub")}
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            UsePAM no
            PidFile none
            StrictModes no
            ForceCommand {_folder.At("answer")}

            """;
        _folder.Write($"sshd-{port}", Encoding.ASCII.GetBytes(configuration));
        _running.Add(Process.Start("/usr/sbin/sshd", ["-D", "-q", "-f", _folder.At($"sshd-{port}")]));
        Listening.On(port).GetAwaiter().GetResult();
        return port;
    }

    /// <summary>A port where nobody listens.</summary>
    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    public void Dispose()
    {
        foreach (var sshd in _running)
        {
            sshd.Kill(entireProcessTree: true);
            sshd.WaitForExit();
            sshd.Dispose();
        }

        _folder.Dispose();
    }

    private string PublicKey(string name) => string.Join(' ', _folder.Read($"{name}.pub").Trim().Split(' ')[..2]);

    private static byte[] BootKeyOf(string pem)
    {
        using var key = System.Security.Cryptography.RSA.Create();
        key.ImportFromPem(pem);
        return key.ExportSubjectPublicKeyInfo();
    }
}

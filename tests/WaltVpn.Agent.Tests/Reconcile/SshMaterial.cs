using System.Diagnostics;
using System.Security.Cryptography;
using Shouldly;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Tests.Reconcile;

/// <summary>Keys and certificates of the real ssh-keygen, and boot keys; made once for all tests that only read them.</summary>
internal sealed class SshMaterial
{
    private static readonly Lazy<SshMaterial> _shared = new(() => new SshMaterial());

    private SshMaterial()
    {
        using var folder = new WorkFolder();
        Run(folder, "ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-f", "ca");
        Nodes = [.. Enumerable.Range(0, 3).Select(i => Node(folder, $"node{i}", i == 2 ? ["-t", "ecdsa", "-b", "384"] : ["-t", "ed25519"]))];
        HostKeys = [.. Enumerable.Range(0, 4).Select(i => HostKey(folder, $"host{i}", "ed25519"))];
        RsaHostKeys = [.. Enumerable.Range(0, 2).Select(i => HostKey(folder, $"rsa{i}", "rsa"))];
        BootKeys = [.. Enumerable.Range(0, 3).Select(_ => NewBootKey())];
    }

    public static SshMaterial Shared => _shared.Value;

    /// <summary>Two nodes with Ed25519 keys, one with WalT's; two certificates each, serials 1 and 2 of the first, 11 and 12 of the second, ….</summary>
    public IReadOnlyList<(Secret Key, IReadOnlyList<string> Certificates)> Nodes { get; }

    /// <summary><c>type base64</c>.</summary>
    public IReadOnlyList<string> HostKeys { get; }

    public IReadOnlyList<string> RsaHostKeys { get; }

    /// <summary>Public halves, PEM.</summary>
    public IReadOnlyList<string> BootKeys { get; }

    /// <summary>Of a node, as it stands in its certificates.</summary>
    public static string NodeId(int node) => $"{node:x32}";

    public static string NewBootKey()
    {
        using var rsa = RSA.Create(2048);
        return rsa.ExportSubjectPublicKeyInfoPem();
    }

    /// <summary>Runs a program in the folder; it must succeed.</summary>
    public static string Run(WorkFolder folder, string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        process.ExitCode.ShouldBe(0, $"{program} {string.Join(' ', arguments)}: {errors.GetAwaiter().GetResult()}");
        return output;
    }

    private static (Secret Key, IReadOnlyList<string> Certificates) Node(WorkFolder folder, string name, string[] kind)
    {
        Run(folder, "ssh-keygen", ["-q", "-N", "", "-C", "", "-f", name, .. kind]);
        var certificates = new List<string>();
        foreach (var serial in (string[])["1", "2"])
        {
            var number = name[^1] == '0' ? serial : name[^1] + serial;
            var id = $"{NodeId(name[^1] - '0')}/{serial}";
            Run(folder, "ssh-keygen", "-q", "-s", "ca", "-I", id, "-n", "walt-vpn", "-z", number, "-O", "clear", $"{name}.pub");
            certificates.Add(folder.Read($"{name}-cert.pub"));
        }

        return (new Secret(folder.Read(name)), certificates);
    }

    private static string HostKey(WorkFolder folder, string name, string type)
    {
        Run(folder, "ssh-keygen", "-q", "-N", "", "-t", type, "-f", name);
        return string.Join(' ', folder.Read($"{name}.pub").Split(' ').Take(2));
    }
}

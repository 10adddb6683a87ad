using Shouldly;
using WaltVpn.Protocol;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>A node's operating system: a Debian with systemd and sshd (scripts/lib/systemd-root), unpacked in a folder to be exported.</summary>
internal sealed class DebianRoot
{
    private static string Tar => RepositoryFolder.File("artifacts/tests/node-root.tar");

    private DebianRoot(string folder) => Folder = folder;

    /// <summary>The root, as the server sees it.</summary>
    public string Folder { get; }

    private static string Key => RunningPlatform.File("node_root_key");

    /// <summary>Unpacks it; its root user lets the test in with a key.</summary>
    public static async Task<DebianRoot> Unpack(string folder)
    {
        File.Exists(Tar).ShouldBeTrue($"{Tar} is missing; scripts/test qemu makes it");
        Directory.CreateDirectory(folder);
        await Tool.Succeed("tar", "--extract", "--file", Tar, "--directory", folder);
        await Tool.Succeed("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", Key);
        var ssh = Directory.CreateDirectory(Path.Combine(folder, "root/.ssh"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.Copy(Key + ".pub", Path.Combine(ssh.FullName, "authorized_keys"));
        // Without an id of its own systemd would ask a person about a first boot.
        await File.WriteAllTextAsync(Path.Combine(folder, "etc/machine-id"), $"{Guid.NewGuid():N}\n");
        return new DebianRoot(folder);
    }

    /// <summary>Runs a command in the node's shell, over the tunnel.</summary>
    /// <returns>Its output.</returns>
    public static Task<string> Run(NodeView node, string command) => Tool.Succeed("ssh", [.. SshOptions, $"root@{node.Tunnel!.Addresses[^1]}", command]);

    /// <summary>Runs it again and again until it succeeds: the way to the node may be cut.</summary>
    public static async Task<string> Eventually(NodeView node, string command)
    {
        var output = "";
        await Platform.Eventually.Holds($"{node.Name} runs '{command}'", async () =>
        {
            var result = await Tool.Run("ssh", [.. SshOptions, $"root@{node.Tunnel!.Addresses[^1]}", command]);
            output = result.Output;
            return result.Status == 0;
        }, TimeSpan.FromMinutes(8));
        return output;
    }

    private static string[] SshOptions =>
    [
        "-F", "none", "-i", Key, "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
        "-o", "LogLevel=ERROR",
    ];
}

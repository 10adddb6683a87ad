using WaltVpn.Agent.OpenSsh;
using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Enrollment;

/// <summary>A new SSH key, made by ssh-keygen on the node, in memory only.</summary>
internal static class FreshKey
{
    private const string SshKeygen = "/usr/bin/ssh-keygen";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes one.</summary>
    /// <exception cref="StageException">ssh-keygen failed.</exception>
    /// <exception cref="ErrnoException">EPERM: only root may put the kernel's generator in order.</exception>
    /// <remarks>docs/security.md NODE-7. WalT's protocol has no nonce to mix in.</remarks>
    public static async Task<Secret> Make(KeyType type)
    {
        NodeKey.PrepareGenerator([]);
        // Never on a disk, where a deleted file can be found again.
        var directory = $"/dev/shm/waltvpn-key-{Guid.NewGuid():n}";
        Directory.CreateDirectory(directory, OwnerOnly);
        try
        {
            var path = Path.Combine(directory, "key");
            string[] kind = type == KeyType.Ed25519 ? ["-t", "ed25519"] : ["-t", "ecdsa", "-b", "384"];
            var status = await ChildProcess.Start(SshKeygen, ["-q", .. kind, "-N", "", "-C", "", "-f", path], ["PATH=/usr/bin:/bin"]).Exited;
            if (!status.Success) throw new StageException($"ssh-keygen could not make a key: {status}.");
            var key = new Secret(await File.ReadAllTextAsync(path));
            return SshPublicKey.TryReadFrom(key, out _) ? key : throw new StageException("the key that ssh-keygen made cannot be read.");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}

using WaltVpn.Protocol;
using WaltVpn.Server.Processes;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Enrollment;

/// <summary>The key pair in every image of the platform; it opens the enrolment request and nothing else.</summary>
internal sealed class EnrollmentKey
{
    private EnrollmentKey(NodePublicKey publicKey, Secret privateKey)
    {
        Public = publicKey;
        Private = privateKey;
    }

    /// <summary>What sshd lets in.</summary>
    public NodePublicKey Public { get; }

    /// <summary>What <c>waltvpn setup-node</c> puts into images.</summary>
    public Secret Private { get; }

    /// <summary>Reads the pair; makes it at the platform's first start.</summary>
    /// <exception cref="IOException">It cannot be read or made.</exception>
    public static async Task<EnrollmentKey> LoadOrMake(ServerSettings settings, CancellationToken cancel)
    {
        var file = settings.EnrollmentKeyFile;
        if (!File.Exists(file))
        {
            using var folder = new WorkFolder(settings.WorkDirectory);
            string[] arguments = ["-q", "-t", "ed25519", "-N", "", "-C", "waltvpn-enrollment", "-f", folder["key"]];
            var made = await ChildProcess.Run("ssh-keygen", arguments, [], null, cancel);
            made.OrThrow("ssh-keygen could not make the enrolment key");
            // The private half last: where it stands, the pair is whole.
            File.Move(folder["key.pub"], file + ".pub", overwrite: true);
            File.Move(folder["key"], file);
        }

        return new EnrollmentKey(NodePublicKey.Load(file + ".pub"), new Secret(await File.ReadAllTextAsync(file, cancel)));
    }
}

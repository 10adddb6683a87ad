using System.Security.Cryptography;
using System.Text;
using WaltVpn.Protocol;
using WaltVpn.Server.Processes;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Enrollment;

/// <summary>One nonce for one connection, and the check of the signature over it (docs/security.md ENR-1, ENR-2).</summary>
internal sealed class ProofOfPossession(ServerSettings settings, TimeProvider time)
{
    /// <summary>docs/protocol.md "Enrollment": a nonce lives 120 s.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromSeconds(120);

    // An armored Ed25519 signature has about 300 characters.
    private const int MaxSignatureLength = 1024;
    private const string Armor = "-----BEGIN SSH SIGNATURE-----\n";

    private readonly long _born = time.GetTimestamp();

    /// <summary>The nonce, base64.</summary>
    public string Nonce { get; } = Convert.ToBase64String(RandomNumberGenerator.GetBytes(EnrollmentChallenge.NonceLength));

    /// <summary>True when the signature is the key's, over this nonce and this platform, and came in time.</summary>
    /// <exception cref="IOException">It could not be checked.</exception>
    public async Task<bool> Verify(NodePublicKey key, string signature, CancellationToken cancel)
    {
        if (time.GetElapsedTime(_born) > Life) return false;
        // Before a process is started for it: it must at least look like one.
        if (signature.Length > MaxSignatureLength || !signature.StartsWith(Armor, StringComparison.Ordinal)) return false;
        using var folder = new WorkFolder(settings.WorkDirectory);
        File.WriteAllText(folder["signature"], signature);
        File.WriteAllText(folder["signers"], $"node {key.Line}\n", Encoding.ASCII);
        var signed = EnrollmentSignature.SignedText(settings.Platform, Nonce, key.Line);
        var verdict = await ChildProcess.Run(
            "ssh-keygen",
            ["-Y", "verify", "-f", folder["signers"], "-I", "node", "-n", EnrollmentSignature.Namespace, "-s", folder["signature"]],
            signed,
            null,
            cancel);
        return verdict.ExitStatus == 0;
    }
}

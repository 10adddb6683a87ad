using System.Globalization;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.Processes;
using WaltVpn.Server.Schema;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Certificates;

/// <summary>Signs what was journalled, through the ssh-agent that holds the CA key, and releases only what says exactly what was ordered.</summary>
internal sealed class CertificateAuthority(ServerSettings settings, Database database)
{
    /// <summary>Signs an order that is already committed to the journal, reads the result back, and records it.</summary>
    /// <returns>The certificate's line.</returns>
    /// <exception cref="CertificateException">The agent or ssh-keygen failed, or the result differs from the order.</exception>
    public async Task<string> Issue(CertificateOrder order, CancellationToken cancel)
    {
        var line = await Sign(order, cancel);
        Compare(order, line, NodePublicKey.Load(settings.CaPublicKeyFile));
        database.Decide(db => CertificateJournal.Release(db, order.Serial, line));
        return line;
    }

    private async Task<string> Sign(CertificateOrder order, CancellationToken cancel)
    {
        using var folder = new WorkFolder(settings.WorkDirectory);
        File.WriteAllText(folder["node.pub"], order.Key.Line + "\n");
        try
        {
            var result = await ChildProcess.Run(
                "ssh-keygen",
                [
                    "-q", "-U", "-s", settings.CaPublicKeyFile, "-I", order.KeyId, "-n", string.Join(',', order.Principals),
                    "-z", order.Serial.ToString(CultureInfo.InvariantCulture), "-V", $"{Hex(order.ValidAfter)}:{Hex(order.ValidBefore)}",
                    "-O", "clear", .. order.Extensions.SelectMany(extension => new[] { "-O", extension }), folder["node.pub"],
                ],
                [],
                settings.CaAgentSocket,
                cancel);
            result.OrThrow($"ssh-keygen could not sign {order.KeyId}");
            // Type and blob; the comment that follows names a file of this server.
            return string.Join(' ', File.ReadAllText(folder["node-cert.pub"]).Split(' ').Take(2));
        }
        catch (IOException e)
        {
            var question = $"Does the agent on {settings.CaAgentSocket} hold the key of {settings.CaPublicKeyFile}?";
            throw new CertificateException($"{e.Message}. {question} See: systemctl status waltvpn-ca waltvpn-ca-relay", e);
        }
    }

    /// <summary>Field by field (docs/security.md CERT-1).</summary>
    internal static void Compare(CertificateOrder order, string line, NodePublicKey authority)
    {
        SshCertificate made;
        try
        {
            made = SshCertificate.Parse(line);
        }
        catch (FormatException e)
        {
            throw new CertificateException($"the certificate made for {order.KeyId} cannot be read: {e.Message}", e);
        }

        string? difference =
            made.Key != order.Key ? "key"
            : made.Serial != order.Serial ? "serial"
            : made.KeyId != order.KeyId ? "key id"
            : !made.Principals.SequenceEqual(order.Principals) ? "principals"
            : made.ValidAfter != order.ValidAfter ? "start"
            : made.ValidBefore != order.ValidBefore ? "end"
            : made.CriticalOptions.Count > 0 ? "critical options"
            : !made.Extensions.SequenceEqual(order.Extensions) ? "extensions"
            : made.SignedBy != authority ? "authority"
            : null;
        if (difference is not null)
            throw new CertificateException($"the certificate made for {order.KeyId} has another {difference} than was ordered; it is not released");
    }

    /// <summary>A time as ssh-keygen -V takes it, free of time zones: hexadecimal seconds since 1970.</summary>
    private static string Hex(DateTimeOffset time) => string.Create(CultureInfo.InvariantCulture, $"0x{time.ToUnixTimeSeconds():x}");
}

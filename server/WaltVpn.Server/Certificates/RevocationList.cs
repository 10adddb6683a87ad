using System.Globalization;
using System.Security.Cryptography;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.Processes;
using WaltVpn.Server.Schema;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Certificates;

/// <summary>The list sshd reads at every login, the second gate behind the live question (docs/security.md CERT-7).</summary>
/// <remarks>
/// It is never changed in place: built aside, read back and compared with the database, flushed, renamed over the old one, directory flushed.
/// Whatever fails before the rename leaves the old list as it was.
/// </remarks>
internal sealed class RevocationList(ServerSettings settings, Database database, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _oneWriter = new(1);
    private byte[] _publishedHash = [];

    /// <summary>Makes the list say what the database says.</summary>
    /// <exception cref="IOException">It could not be made, read back or stored; the old one is untouched.</exception>
    public async Task Publish(CancellationToken cancel)
    {
        await _oneWriter.WaitAsync(cancel);
        try
        {
            // Until this succeeds no list is the right one, and IsIntact says so.
            _publishedHash = [];
            var revocations = database.Read(CertificateJournal.Revoked);
            // Beside the list, not in the work directory: rename(2) is atomic within one file system.
            var aside = settings.RevocationListFile + ".new";
            await Build(aside, revocations, cancel);
            KrlText.Parse(await Show(aside, cancel)).Require(revocations, NodePublicKey.Load(settings.CaPublicKeyFile));
            await Store(aside, cancel);
        }
        finally
        {
            _oneWriter.Release();
        }
    }

    /// <summary>True while the file is, byte for byte, the list that was last published, and no later one failed.</summary>
    public bool IsIntact()
    {
        try
        {
            return SHA256.HashData(File.ReadAllBytes(settings.RevocationListFile)).AsSpan().SequenceEqual(_publishedHash);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _oneWriter.Dispose();

    private async Task Build(string aside, Revocations revocations, CancellationToken cancel)
    {
        using var folder = new WorkFolder(settings.WorkDirectory);
        var serials = revocations.Serials.Select(serial => string.Create(CultureInfo.InvariantCulture, $"serial: {serial}"));
        File.WriteAllLines(folder["revoked"], serials.Concat(revocations.Keys.Select(key => $"key: {key}")));
        var version = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        string[] arguments = ["-q", "-k", "-f", folder["krl"], "-z", version, "-s", settings.CaPublicKeyFile, folder["revoked"]];
        var made = await ChildProcess.Run("ssh-keygen", arguments, [], null, cancel);
        made.OrThrow("ssh-keygen could not make the revocation list");
        File.Copy(folder["krl"], aside, overwrite: true);
        // sshd reads it as root; the helpers and the operator may look.
        File.SetUnixFileMode(aside, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
    }

    private static async Task<string> Show(string file, CancellationToken cancel) =>
        (await ChildProcess.Run("ssh-keygen", ["-Q", "-l", "-f", file], [], null, cancel)).OrThrow($"ssh-keygen could not read back {file}");

    private async Task Store(string aside, CancellationToken cancel)
    {
        var hash = SHA256.HashData(await File.ReadAllBytesAsync(aside, cancel));
        await FileSync.Flush(aside, cancel);
        File.Move(aside, settings.RevocationListFile, overwrite: true);
        _publishedHash = hash;
        await FileSync.Flush(settings.StateDirectory, cancel);
    }
}

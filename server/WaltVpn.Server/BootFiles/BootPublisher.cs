using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;
using WaltVpn.Server.Audit;
using WaltVpn.Server.Processes;
using WaltVpn.Server.Schema;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.BootFiles;

/// <summary>Takes a boot image with its signature and makes the pair what a board's nodes boot next (docs/security.md BOOT-1, BOOT-5).</summary>
/// <remarks>The private key is the operator's; the daemon has the public half only and cannot sign.</remarks>
internal sealed class BootPublisher(ServerSettings settings, Database database, TimeProvider time, ILogger<BootPublisher> log) : IDisposable
{
    private const int KeySize = 2048;
    private const int Kept = 3;

    // A download of a superseded pair may still be under way, also over a slow line.
    private static readonly TimeSpan LongestDownload = TimeSpan.FromHours(6);

    // From the image's move to its place until its row stands there: nobody may clear away what has no row.
    private readonly SemaphoreSlim _oneAtATime = new(1);

    /// <summary>Publishes.</summary>
    /// <param name="board">Of <see cref="Protocol.BootFiles.Boards"/>.</param>
    /// <param name="signature">boot.sig.</param>
    /// <param name="image">boot.img; read once, to its end.</param>
    /// <param name="by">Who publishes.</param>
    /// <param name="cancel">Ends the upload; nothing is published then.</param>
    /// <exception cref="PublicationException">The signature is not this platform's over this image.</exception>
    /// <exception cref="IOException">It cannot be stored.</exception>
    public async Task<BootPairRow> Publish(string board, SignatureFile signature, Stream image, string by, CancellationToken cancel)
    {
        using var key = LoadKey();
        var incoming = Path.Combine(settings.WorkDirectory, Path.GetRandomFileName());
        try
        {
            var (hash, size) = await Store(image, incoming, cancel);
            Check(signature, hash, key);
            await _oneAtATime.WaitAsync(cancel);
            try
            {
                return await Enter(board, signature, (incoming, size), by);
            }
            finally
            {
                _oneAtATime.Release();
            }
        }
        finally
        {
            File.Delete(incoming);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _oneAtATime.Dispose();

    // Not cancelled with the upload: what is whole is published.
    private async Task<BootPairRow> Enter(string board, SignatureFile signature, (string File, long Size) image, string by)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        var manifest = ReadManifest(image.File);
        var pair = new BootPairRow(
            0, board, signature.Sha256, image.Size, signature.ToText(), signature.Time, now, by, manifest?.Epoch, manifest?.BuildTime.ToUnixTimeSeconds());
        // The image first: a row always has its file.
        File.Move(image.File, pair.ImageFile(settings), overwrite: true);
        await FileSync.Flush(settings.BootImageDirectory, CancellationToken.None);
        pair = database.Decide(db =>
        {
            AuditTrail.Add(db, time.GetUtcNow(), by, "boot publish", board, $"sha256 {pair.Sha256}, {pair.Size} bytes");
            return BootTable.Add(db, pair);
        });
        log.Published(board, pair.Sha256, image.Size, by);
        RemoveOld(now);
        return pair;
    }

    /// <summary>What the image says of itself. One without a manifest, of another builder, boots by firmware all the same.</summary>
    private static BootManifest? ReadManifest(string path)
    {
        using var file = File.OpenRead(path);
        try
        {
            using var image = FatImage.Open(file);
            return BootManifest.Parse(image.ReadAll(BootManifest.FileName, BootManifest.MaxLength));
        }
        catch (Exception e) when (e is FormatException or FileNotFoundException or EndOfStreamException)
        {
            return null;
        }
    }

    private RSA LoadKey()
    {
        var key = RSA.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(settings.BootPublicKeyFile));
            if (key.KeySize != KeySize)
                throw new PublicationException($"{settings.BootPublicKeyFile} is a key of {key.KeySize} bits; the boards' firmware takes {KeySize}");
            return key;
        }
        catch (Exception e)
        {
            key.Dispose();
            if (e is not (IOException or UnauthorizedAccessException or ArgumentException or CryptographicException)) throw;
            throw new PublicationException($"the key that boot files must be signed with cannot be read: {e.Message} Make one with: waltvpn boot make-key", e);
        }
    }

    private static async Task<(byte[] Hash, long Size)> Store(Stream image, string file, CancellationToken cancel)
    {
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var stored = new FileStream(file, FileMode.CreateNew, FileAccess.Write);
        var buffer = new byte[1 << 16];
        for (int length; (length = await image.ReadAsync(buffer, cancel)) > 0;)
        {
            sum.AppendData(buffer, 0, length);
            await stored.WriteAsync(buffer.AsMemory(0, length), cancel);
        }

        stored.Flush(flushToDisk: true);
        return (sum.GetHashAndReset(), stored.Length);
    }

    private static void Check(SignatureFile signature, byte[] hash, RSA key)
    {
        if (Convert.ToHexStringLower(hash) != signature.Sha256) throw new PublicationException("boot.sig is of another boot.img");
        if (!key.VerifyHash(hash, signature.Signature!.Value.Span, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))
        {
            throw new PublicationException(
                "boot.sig is not signed with this platform's boot key: no node would boot it. Sign with the private half of bootPublicKey in server.yaml");
        }
    }

    // What is published is published, also when the old ones cannot be cleared away now: the next publication tries again.
    private void RemoveOld(long now)
    {
        try
        {
            var images = database.Decide(db =>
            {
                BootTable.RemoveOld(db, now - (long)LongestDownload.TotalSeconds, Kept);
                return BootTable.All(db);
            }).Select(pair => pair.ImageFile(settings)).ToHashSet();
            foreach (var file in Directory.EnumerateFiles(settings.BootImageDirectory))
                if (!images.Contains(file)) File.Delete(file);
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
        {
            log.OldOnesStay(e.Message);
        }
    }
}

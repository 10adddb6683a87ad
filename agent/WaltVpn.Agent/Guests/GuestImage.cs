using System.Security.Cryptography;
using System.Text;
using WaltVpn.Agent.BootFiles;
using WaltVpn.Agent.WaltHttp;
using WaltVpn.Protocol;
using MaxSizes = WaltVpn.Protocol.BootFiles;

namespace WaltVpn.Agent.Guests;

/// <summary>
/// Fetches the virtual machine's image through the platform's network: a boot.img like a board's (docs/protocol.md "Boot files"), whose manifest names the
/// guest in place of a board. Nothing of it is believed before the signature says so.
/// </summary>
/// <param name="folder">In memory; emptied first.</param>
/// <param name="key">DER of the public key that it must be signed with.</param>
/// <param name="kind">Which guest it must be for.</param>
internal sealed class GuestImage(string folder, ReadOnlyMemory<byte> key, GuestKind kind)
{
    private const int BufferSize = 1 << 16;

    /// <summary>A server that says nothing for so long is gone.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    /// <summary>One attempt.</summary>
    /// <param name="source">Where it is.</param>
    /// <param name="floor">Lowest epoch.</param>
    /// <exception cref="StageException">It cannot be had, or is refused; the message says why.</exception>
    public async Task<GuestFiles> Fetch(GuestSource source, long floor, CancellationToken stopping)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, "boot.img");
        try
        {
            var signature = await Signature(source, stopping);
            await Download(source, path, signature.Sha256, stopping);
            return Unpack(path, signature.Sha256, floor);
        }
        catch (HttpException failure)
        {
            throw new StageException($"{failure.Message}.", failure);
        }
        catch (BootImageException refusal)
        {
            throw new StageException($"the virtual machine's image {source} is refused: {refusal.Message}.", refusal);
        }
        catch (IOException full)
        {
            throw new StageException($"the virtual machine's image {source} has no room in the board's memory: {full.Message}. Make it smaller.", full);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private async Task<SignatureFile> Signature(GuestSource source, CancellationToken stopping)
    {
        var path = $"{source.Path}/boot.sig";
        var answer = await HttpExchange.Send(source.Server, path, form: null, Silence, stopping);
        if (answer.Status != 200) throw new HttpException($"http://{source.Server.Authority}{path}: status {answer.Status}; boot.sig must lie beside boot.img");
        SignatureFile signature;
        try
        {
            signature = SignatureFile.Parse(Encoding.Latin1.GetString(answer.Body));
        }
        catch (FormatException wrong)
        {
            throw new BootImageException($"its boot.sig is none: {wrong.Message}", wrong);
        }

        return new BootSource(source.Server, source.Path, key).IsSigned(signature)
            ? signature
            : throw new BootImageException("its boot.sig is not signed with this platform's boot key");
    }

    private static async Task Download(GuestSource source, string path, string sha256, CancellationToken stopping)
    {
        using var download = await HttpDownload.Open(source.Server, $"{source.Path}/boot.img", from: 0, tag: sha256, Silence, stopping);
        if (download.Total is 0 or > MaxSizes.MaxImageSize)
            throw new BootImageException($"it has {download.Total} bytes; a boot.img has 1 to {MaxSizes.MaxImageSize}");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var buffer = new byte[BufferSize];
        for (int length; (length = await download.Read(buffer, stopping)) > 0;)
        {
            hash.AppendData(buffer, 0, length);
            file.Write(buffer, 0, length);
        }

        if (Convert.ToHexStringLower(hash.GetHashAndReset()) != sha256) throw new BootImageException("it is not the one that its boot.sig is for");
    }

    private GuestFiles Unpack(string path, string sha256, long floor)
    {
        using var image = BootImage.Open(new FileStream(path, FileMode.Open, FileAccess.Read), sha256, kind.Name, floor);
        var (kernel, initramfs) = (Path.Combine(folder, "kernel"), Path.Combine(folder, "initramfs"));
        try
        {
            image.Extract(image.Manifest.Kernel, kernel);
            image.Extract(image.Manifest.Initramfs, initramfs);
            return new GuestFiles(kernel, initramfs, image.CommandLine, sha256, image.Manifest.Epoch);
        }
        catch (Exception wrong) when (wrong is FormatException or FileNotFoundException)
        {
            throw new BootImageException($"it cannot be unpacked: {wrong.Message}", wrong);
        }
    }
}

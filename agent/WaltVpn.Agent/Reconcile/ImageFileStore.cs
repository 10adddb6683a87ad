using WaltVpn.Agent.Flash;
using WaltVpn.Eeprom;

namespace WaltVpn.Agent.Reconcile;

/// <summary>An image in a file in place of a chip: prepared here, written to a board elsewhere.</summary>
internal sealed class ImageFileStore(string path) : IBootloaderStore
{
    /// <inheritdoc/>
    public async Task<byte[]?> Read(CancellationToken stopping)
    {
        try
        {
            await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            // One more than any image has: a file of another size is refused where images are read.
            var buffer = new byte[EepromImage.Bcm2712Size + 1];
            return buffer[..await file.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, stopping)];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new FlashException($"{path} cannot be read: {failure.Message}", failure);
        }
    }

    /// <inheritdoc/>
    public async Task<FlashOutcome> Write(byte[] image, CancellationToken stopping)
    {
        try
        {
            DurableFile.Write(path, image);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new FlashException($"{path} could not be written: {failure.Message}. It holds what it held before.", failure);
        }

        var written = await Read(stopping);
        return written.AsSpan().SequenceEqual(image)
            ? FlashOutcome.Written
            : throw new FlashException($"{path} holds something else than what was written to it; its disk may be failing. Take the image from a backup.");
    }
}

using System.Security.Cryptography;
using System.Text;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.BootFiles;

/// <summary>The images on the card, each under the SHA-256 of its content: <c>SHA.sig</c>, <c>SHA.img</c>, and <c>SHA.part</c> while it is fetched.</summary>
/// <remarks>An image is there when its <c>.img</c> is, which gets its name last. What it holds is checked anew before each start: a card may rot.</remarks>
internal sealed class BootCache(ICardFolder folder, INodeLog log)
{
    private const string Image = ".img", Signature = ".sig", Part = ".part";
    private const int MaxSignature = 4096;

    /// <summary>What the card remembers. A record that is damaged counts as none: the images are fetched again, and their epochs with them.</summary>
    public BootRecord ReadRecord()
    {
        if (folder.LengthOf(BootRecord.FileName) == 0) return new BootRecord();
        try
        {
            return BootRecord.Parse(ReadAll(BootRecord.FileName));
        }
        catch (FormatException damage)
        {
            log.Warning(BootStage.BootFiles, $"{BootRecord.FileName} on the state partition is damaged ({damage.Message}); the boot images are fetched anew.");
            return new BootRecord();
        }
    }

    /// <summary>Replaces the record, if that changes anything.</summary>
    /// <param name="change">What becomes of the one that is there.</param>
    /// <returns>The new one.</returns>
    public BootRecord Change(Func<BootRecord, BootRecord> change)
    {
        var before = ReadRecord();
        var record = change(before);
        if (record != before) folder.Replace(BootRecord.FileName, record.ToBytes());
        return record;
    }

    /// <summary>True when an image is whole on the card.</summary>
    public bool Has(string image) => folder.LengthOf(image + Image) > 0 && folder.LengthOf(image + Signature) > 0;

    /// <summary>Bytes of an image that are there already.</summary>
    public long FetchedOf(string image) => folder.LengthOf(image + Part);

    /// <summary>Makes room for an image: what is neither good nor this one goes, and for want of room the second good one too.</summary>
    /// <exception cref="BootImageException">There is not enough.</exception>
    public void MakeRoom(string image, long bytes, BootRecord record)
    {
        Prune([.. record.Good, image]);
        if (folder.Free + FetchedOf(image) < bytes) Prune([.. record.Good.Take(1), image]);
        var free = folder.Free + FetchedOf(image);
        if (free < bytes) throw new BootImageException($"it has {bytes} bytes and the state partition has room for {free}; write the card with a larger image");
    }

    /// <summary>Keeps the next bytes of an image.</summary>
    public void Append(string image, ReadOnlySpan<byte> bytes) => folder.Append(image + Part, bytes);

    /// <summary>Forgets the bytes of an image that is not whole.</summary>
    public void Forget(string image) => folder.Delete(image + Part);

    /// <summary>All bytes are there: looks whether they are the right ones, and gives the image its name.</summary>
    /// <exception cref="BootImageException">They are others, and gone now.</exception>
    public void Complete(SignatureFile signature)
    {
        var image = signature.Sha256;
        if (HashOf(image + Part) != image)
        {
            Forget(image);
            throw new BootImageException("what was fetched is not the boot.img that boot.sig was made for; it is fetched anew");
        }

        folder.Replace(image + Signature, Encoding.ASCII.GetBytes(signature.ToText()));
        folder.Rename(image + Part, image + Image);
    }

    /// <summary>Keeps another signature of an image that is there: the platform has a new boot key.</summary>
    public void Renew(SignatureFile signature)
    {
        var text = Encoding.ASCII.GetBytes(signature.ToText());
        if (Has(signature.Sha256) && !ReadAll(signature.Sha256 + Signature).AsSpan().SequenceEqual(text)) folder.Replace(signature.Sha256 + Signature, text);
    }

    /// <summary>Opens an image that may be started here and now.</summary>
    /// <param name="floor">Lowest epoch.</param>
    /// <exception cref="BootImageException">It may not; the message says why.</exception>
    public BootImage Open(string image, BootSource source, string board, long floor)
    {
        if (!Has(image)) throw new BootImageException("it is not on the card");
        if (!source.IsSigned(ReadSignature(image))) throw new BootImageException("it is not signed with the boot key that is valid now");
        if (HashOf(image + Image) != image)
        {
            // To be fetched anew.
            folder.Delete(image + Image);
            throw new BootImageException("it is damaged on the card, and deleted there");
        }

        return BootImage.Open(folder.Open(image + Image), image, board, floor);
    }

    /// <summary>Deletes all images but some.</summary>
    public void Prune(IReadOnlyCollection<string> keep) => folder.Delete(
    [
        .. folder.Names.Where(name => Path.GetExtension(name) is Image or Signature or Part && !keep.Contains(Path.GetFileNameWithoutExtension(name))),
    ]);

    private SignatureFile ReadSignature(string image)
    {
        try
        {
            return SignatureFile.Parse(Encoding.ASCII.GetString(ReadAll(image + Signature))) is var file && file.Sha256 == image
                ? file
                : throw new BootImageException("its signature on the card is of another image");
        }
        catch (FormatException damage)
        {
            throw new BootImageException($"its signature on the card is damaged: {damage.Message}", damage);
        }
    }

    private byte[] ReadAll(string name)
    {
        using var file = folder.Open(name);
        var content = new byte[Math.Min(file.Length, MaxSignature)];
        file.ReadExactly(content);
        return content;
    }

    private string HashOf(string name)
    {
        if (folder.LengthOf(name) == 0) return "";
        using var file = folder.Open(name);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}

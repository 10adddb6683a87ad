using WaltVpn.Protocol;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.BootFiles;

/// <summary>A published pair, as the database has it. <paramref name="Signature"/> is the whole text of boot.sig.</summary>
/// <remarks>Epoch and time of building are of its manifest; null: it has none, or nobody has looked.</remarks>
internal sealed record BootPairRow(
    long Id, string Board, string Sha256, long Size, string Signature, long SignedAt, long PublishedAt, string PublishedBy, long? Epoch, long? Built)
{
    /// <summary>As nodes are told of it.</summary>
    public NewestImage Newest => new() { Sha256 = Sha256, Epoch = Epoch, Built = Built, Published = PublishedAt };

    /// <summary>The image's file. Its name comes from a hash that was computed here, never from a request.</summary>
    public string ImageFile(ServerSettings settings) => Path.Combine(settings.BootImageDirectory, Sha256 + ".img");

    /// <summary>For the operator.</summary>
    public BootPairView View(bool current) => new()
    {
        Board = Board,
        Sha256 = Sha256,
        Size = Size,
        Epoch = Epoch,
        SignedAt = DateTimeOffset.FromUnixTimeSeconds(SignedAt),
        PublishedAt = DateTimeOffset.FromUnixTimeSeconds(PublishedAt),
        PublishedBy = PublishedBy,
        Current = current,
    };
}

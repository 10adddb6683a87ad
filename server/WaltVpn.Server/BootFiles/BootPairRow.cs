using WaltVpn.Protocol;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.BootFiles;

/// <summary>A published pair, as the database has it. <paramref name="Signature"/> is the whole text of boot.sig.</summary>
internal sealed record BootPairRow(long Id, string Board, string Sha256, long Size, string Signature, long SignedAt, long PublishedAt, string PublishedBy)
{
    /// <summary>The image's file. Its name comes from a hash that was computed here, never from a request.</summary>
    public string ImageFile(ServerSettings settings) => Path.Combine(settings.BootImageDirectory, Sha256 + ".img");

    /// <summary>For the operator.</summary>
    public BootPairView View(bool current) => new()
    {
        Board = Board,
        Sha256 = Sha256,
        Size = Size,
        SignedAt = DateTimeOffset.FromUnixTimeSeconds(SignedAt),
        PublishedAt = DateTimeOffset.FromUnixTimeSeconds(PublishedAt),
        PublishedBy = PublishedBy,
        Current = current,
    };
}

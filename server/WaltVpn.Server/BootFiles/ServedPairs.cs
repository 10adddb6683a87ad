using System.Net;
using Microsoft.Extensions.Caching.Memory;

namespace WaltVpn.Server.BootFiles;

/// <summary>
/// Which pair a node's boot.sig was taken of, so that the boot.img it asks for next belongs to it, whatever is published in between
/// (docs/security.md BOOT-1).
/// </summary>
/// <remarks>Firmware asks for boot.sig, then boot.img, on connections of their own.</remarks>
internal sealed class ServedPairs : IDisposable
{
    /// <summary>From boot.sig to the beginning of boot.img, with all its tries.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);

    // Bounded: only nodes that exist are noted, but each from any address.
    private readonly MemoryCache _pairs = new(new MemoryCacheOptions { SizeLimit = 16_384 });

    /// <summary>The node got that pair's boot.sig.</summary>
    public void Note(string nodeId, IPAddress client, long pair) =>
        _pairs.Set((nodeId, client), pair, new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = Memory });

    /// <summary>Whose boot.sig the node got last; null when it asked for none lately.</summary>
    public long? Find(string nodeId, IPAddress client) => _pairs.TryGetValue<long>((nodeId, client), out var pair) ? pair : null;

    /// <inheritdoc/>
    public void Dispose() => _pairs.Dispose();
}

using System.Net;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.HttpOverrides;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Http;

/// <summary>
/// The HTTP entrypoints whose word on who calls is taken, for the counting of requests and nothing else (docs/security.md HTTP-5). Behind any other
/// relay the relay itself is the caller.
/// </summary>
internal static class Proxies
{
    /// <summary>The connection comes from an entrypoint of server.yaml.</summary>
    public static bool Trusts(ServerSettings settings, IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return settings.TrustedProxies.Any(proxy => proxy.Contains(plain));
    }

    /// <summary>From here on a request of the public face that came through entrypoints counts as that of the last machine before them.</summary>
    public static void UseTrustedProxies(this IApplicationBuilder app, ServerSettings settings)
    {
        // Of an empty list the framework would make "everybody".
        if (settings.TrustedProxies.Count == 0) return;
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor, ForwardLimit = null };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var proxy in settings.TrustedProxies) options.KnownIPNetworks.Add(proxy);
        app.UseWhen(
            http => http.Features.GetRequiredFeature<FaceOfConnection>().Face == Face.Public,
            ofPublicFace => ofPublicFace.UseForwardedHeaders(options));
    }
}

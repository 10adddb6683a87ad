using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace WaltVpn.Server.Http;

/// <summary>The person at the administration socket.</summary>
internal static class Operator
{
    /// <summary>Her user name, by the kernel's word, for the audit.</summary>
    public static Task<string> NameOf(HttpContext http) =>
        Account.NameOf(Peer.UserIdOf(http.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket), http.RequestAborted);
}

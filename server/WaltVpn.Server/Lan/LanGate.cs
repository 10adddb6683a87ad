using System.Diagnostics.CodeAnalysis;
using WaltVpn.Protocol;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Lan;

/// <summary>
/// Tells who calls on the LAN face: by the TCP connection and the kernel's tables, and by nothing the caller says (docs/security.md LEG-2, LEG-4, HTTP-5).
/// </summary>
internal sealed class LanGate(ServerSettings settings, ILogger<LanGate> log)
{
    private const string ForwardedPrefix = "X-Forwarded";

    /// <summary>Headers that relays write (RFC 7239, RFC 9110 section 7.6.3, and what is in use besides): behind one stands somebody else.</summary>
    private static readonly string[] RelayHeaders =
    [
        "Forwarded", "Via", "X-Real-IP", "X-Client-IP", "X-Cluster-Client-IP", "X-Original-Forwarded-For", "X-ProxyUser-Ip", "X-Remote-IP", "X-Remote-Addr",
        "True-Client-IP", "CF-Connecting-IP", "Fastly-Client-IP", "Client-IP", "Proxy-Connection",
    ];

    /// <summary>Answers a caller that is admitted; refuses any other with 403 and the reason.</summary>
    public async Task<IResult> Admit(HttpContext http, Func<LanCaller, Task<IResult>> answer)
    {
        if (TryRecognise(http, out var caller, out var refusal)) return await answer(caller);
        log.NotAdmitted(http.Connection.RemoteIpAddress, refusal);
        return LanErrors.Forbidden(refusal);
    }

    private bool TryRecognise(HttpContext http, [NotNullWhen(true)] out LanCaller? caller, [NotNullWhen(false)] out string? refusal)
    {
        caller = null;
        if (http.Connection is not { RemoteIpAddress: { } source, LocalIpAddress: { } local })
            throw new InvalidOperationException("internal error: a connection of the LAN face without addresses");
        var origin = EnrollmentOrigin.Of(source, local, settings);
        MacAddress mac = default;
        refusal =
            http.Request.Headers.Keys.Any(IsOfRelay) ? "the request came through a relay; ask the server itself, from inside the platform's network"
            : !origin.IsLan ? "the request does not come from a machine of the platform's network"
            : !NeighbourTable.TryFind(origin.Source, local, out mac) ? "the request does not come from a direct neighbour in the platform's network"
            : settings.Lan?.LeaseFile is { } file && !LeaseFile.Has(file, origin.Source, mac)
                ? "the platform's DHCP server did not lease this address to this machine; ask it for an address"
            : null;
        if (refusal is not null) return false;
        caller = new LanCaller(origin with { Way = EnrollmentWay.Http }, mac);
        return true;
    }

    private static bool IsOfRelay(string header) =>
        header.StartsWith(ForwardedPrefix, StringComparison.OrdinalIgnoreCase) || RelayHeaders.Contains(header, StringComparer.OrdinalIgnoreCase);
}

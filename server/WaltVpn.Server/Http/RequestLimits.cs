using System.Globalization;
using System.Net;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http.Features;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Http;

/// <summary>How often the public face is asked, and in which form the TCP faces are (docs/security.md HTTP-6, HTTP-7).</summary>
internal static class RequestLimits
{
    /// <summary>Who asks too often comes back after 1 to this many seconds: not all together.</summary>
    private const int LongestRetry = 10;

    /// <summary>Stands before routing: what is too much costs nothing else.</summary>
    public static void UseRequestLimits(this WebApplication app, ServerSettings settings)
    {
        var limiter = Limiter(settings.HttpLimits);
        app.Lifetime.ApplicationStopped.Register(limiter.Dispose);
        var refusals = app.Services.GetRequiredService<Refusals>();
        app.Use(async (http, next) =>
        {
            var face = http.Features.GetRequiredFeature<FaceOfConnection>().Face;
            // The platform's own boards come together when it gets its power back, and strangers cannot be among them.
            var caller = http.Connection.RemoteIpAddress ?? IPAddress.None;
            using var lease = face == Face.Public ? limiter.AttemptAcquire(caller) : null;
            if (lease is { IsAcquired: false })
            {
                refusals.Say(caller, "too many requests of it, of its prefix, or of everybody (http.requestsPerSecond, http.connectionsOfOneAddress)");
                http.Response.StatusCode = StatusCodes.Status429TooManyRequests;
                http.Response.Headers.RetryAfter = Random.Shared.Next(1, LongestRetry + 1).ToString(CultureInfo.InvariantCulture);
            }
            else if (face != Face.Administration && IsMisshapen(http.Request, face))
            {
                // Where it ends is a matter of opinion: what follows on this connection is read by nobody.
                http.Response.StatusCode = StatusCodes.Status400BadRequest;
                http.Response.Headers.Connection = "close";
            }
            else
            {
                await next(http);
            }
        });
    }

    // From the narrowest to the widest, so that who floods takes nothing from the others.
    private static PartitionedRateLimiter<IPAddress> Limiter(HttpLimits limits) => PartitionedRateLimiter.CreateChained(
        // Those behind one trusted proxy share its connections: what one of them may hold is counted here.
        PartitionedRateLimiter.Create<IPAddress, IPNetwork>(address => RateLimitPartition.GetConcurrencyLimiter(
            CallerPrefix.Machine(address), _ => new ConcurrencyLimiterOptions { PermitLimit = limits.ConnectionsOfOneAddress })),
        PartitionedRateLimiter.Create<IPAddress, IPNetwork>(address => Bucket(CallerPrefix.Machine(address), limits, 1)),
        PartitionedRateLimiter.Create<IPAddress, IPNetwork>(address => Bucket(CallerPrefix.Site(address), limits, 2)),
        PartitionedRateLimiter.Create<IPAddress, IPNetwork>(_ => Bucket(default, limits, 10)));

    private static RateLimitPartition<IPNetwork> Bucket(IPNetwork of, HttpLimits limits, int share) => RateLimitPartition.GetTokenBucketLimiter(
        of,
        _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = limits.RequestsPerSecond * share * limits.BurstSeconds,
            TokensPerPeriod = limits.RequestsPerSecond * share,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            AutoReplenishment = true,
        });

    /// <summary>Two framings (RFC 9112 section 6.1), or a body where nothing is told.</summary>
    private static bool IsMisshapen(HttpRequest request, Face face) =>
        (request.Headers.TransferEncoding.Count > 0 && (request.ContentLength is not null || request.Headers.ContainsKey("X-Content-Length")))
        || (face == Face.Public && request.HttpContext.Features.GetRequiredFeature<IHttpRequestBodyDetectionFeature>().CanHaveBody);
}

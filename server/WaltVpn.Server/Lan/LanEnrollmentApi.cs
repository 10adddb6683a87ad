using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using WaltVpn.Protocol;
using WaltVpn.Server.BootFiles;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.HubLink;
using WaltVpn.Server.Nodes;
using WaltVpn.Server.Schema;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Lan;

/// <summary>WalT's enrolment: one POST from inside the platform's network (docs/protocol.md "WalT's HTTP protocol").</summary>
internal static class LanEnrollmentApi
{
    /// <summary>What is written down for a board of which no more is known than its MAC address: no other model speaks WalT's HTTP protocol.</summary>
    private const string Model = "Raspberry Pi 5 (by WalT's protocol)";

    private const string Success = "OK";

    public static void MapLanEnrollment(this IEndpointRouteBuilder routes) => routes.MapPost(Protocol.Routes.LegacyEnroll, Enroll);

    private static Task<IResult> Enroll(
        HttpContext http,
        LanGate gate,
        ServerSettings settings,
        Database database,
        Admission admission,
        HubControl hub,
        TimeProvider time,
        ILogger<LanGate> log) =>
        gate.Admit(http, async caller =>
        {
            if (settings.HttpEntrypoint is null)
                return Refuse(log, caller, LanErrors.BadRequest("the server's settings are incomplete: http.entrypoint is not set in server.yaml"));
            SubmittedKey submitted;
            try
            {
                submitted = await SubmittedKey.Read(http.Request, http.RequestAborted);
            }
            catch (BadHttpRequestException e)
            {
                return Refuse(log, caller, new LanErrors(e.StatusCode, "the body cannot be read: it is too long, too slow, or cut"));
            }

            if (submitted.Key is not { } key) return Refuse(log, caller, LanErrors.BadRequest(submitted.Refusal!));
            var claims = database.Read(db => NodeTable.OfMac(db, caller.Mac))?.Claims ?? new EnrollmentClaims(Model, "", caller.Mac);
            var origin = await caller.Origin.OutsideTunnels(hub, http.RequestAborted);
            var (answer, waitsAs) = await admission.Ask(key, claims, origin, http.RequestAborted);
            if (answer.RetryAfterSeconds is { } seconds) http.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
            return answer switch
            {
                { Status: EnrollmentStatus.Accepted, Identity: { } identity } => Welcome(caller, identity, database, time, log),
                { Status: EnrollmentStatus.Pending } when waitsAs is { } request => LanErrors.Forbidden(
                    $"request {request} waits for an operator; when she has typed 'waltvpn request accept {request}', ask again"),
                { Status: EnrollmentStatus.Pending } => LanErrors.Trouble($"{answer.Reason}; ask again"),
                _ => LanErrors.BadRequest(answer.Reason ?? "refused"),
            };
        });

    private static ContentHttpResult Welcome(LanCaller caller, NodeIdentity identity, Database database, TimeProvider time, ILogger log)
    {
        database.Decide(db => PerIpTable.Record(db, caller.Origin.Source, identity.NodeId, time.GetUtcNow()));
        log.Enrolled(caller.Origin.Source, caller.Mac, identity.Name);
        return TypedResults.Text(Success, "text/plain", Encoding.ASCII);
    }

    private static LanErrors Refuse(ILogger log, LanCaller caller, LanErrors error)
    {
        log.EnrolmentRefused(caller.Origin.Source, caller.Mac, error.Reason);
        return error;
    }
}

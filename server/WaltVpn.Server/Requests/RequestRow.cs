using WaltVpn.Protocol;
using WaltVpn.Server.Enrollment;

namespace WaltVpn.Server.Requests;

/// <summary>An enrolment request, as the database has it.</summary>
internal sealed record RequestRow(
    long Id,
    string PublicKey,
    string State,
    string ClaimModel,
    string ClaimSerial,
    string ClaimMac,
    string Source,
    long FirstAsked,
    long LastAsked,
    string? DecidedBy,
    string? Reason,
    string? NodeId,
    string Way,
    string? Note)
{
    /// <summary>Where it stands.</summary>
    public RequestState Status => Enum.Parse<RequestState>(State, ignoreCase: true);

    /// <summary>By which protocol it asked first.</summary>
    public EnrollmentWay AskedBy => Enum.Parse<EnrollmentWay>(Way, ignoreCase: true);

    /// <summary>What the board says of itself.</summary>
    public EnrollmentClaims Claims => new(ClaimModel, ClaimSerial, MacAddress.Parse(ClaimMac));

    /// <summary>The key, proved when it asked over SSH.</summary>
    /// <exception cref="InvalidDataException">The database was changed by another hand.</exception>
    public NodePublicKey Key => NodePublicKey.TryParseAny(PublicKey, out var key, out var refusal)
        ? key
        : throw new InvalidDataException($"request {Id} in the database: {refusal}");
}

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
    string? NodeId)
{
    /// <summary>Where it stands.</summary>
    public RequestState Status => Enum.Parse<RequestState>(State, ignoreCase: true);

    /// <summary>What the board says of itself.</summary>
    public EnrollmentClaims Claims => new(ClaimModel, ClaimSerial, MacAddress.Parse(ClaimMac));

    /// <summary>The key that was proved.</summary>
    /// <exception cref="InvalidDataException">The database was changed by another hand.</exception>
    public NodePublicKey Key => NodePublicKey.TryParse(PublicKey, out var key, out var refusal)
        ? key
        : throw new InvalidDataException($"request {Id} in the database: {refusal}");
}

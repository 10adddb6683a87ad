using WaltVpn.Protocol;
using WaltVpn.Server.Enrollment;

namespace WaltVpn.Server.Nodes;

/// <summary>A node, as the database has it, with its newest key.</summary>
internal sealed record NodeRow(
    string Id,
    string Name,
    string State,
    string VpnMac,
    string ClaimModel,
    string ClaimSerial,
    string ClaimMac,
    long AcceptedAt,
    string PublicKey,
    long? KeyRevokedAt,
    string KeyWay)
{
    /// <summary>True until it is revoked.</summary>
    public bool IsAccepted => State == "accepted";

    /// <summary>True when its key came by WalT's HTTP protocol, unproved.</summary>
    public bool IsLegacy => KeyWay == "http";

    /// <summary>What the board said of itself.</summary>
    public EnrollmentClaims Claims => new(ClaimModel, ClaimSerial, MacAddress.Parse(ClaimMac));
}

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
    string KeyWay,
    string? ForgottenName,
    long? LastSeen,
    string? OwnBootMode,
    long? BootModeSince)
{
    /// <summary>True when it may connect.</summary>
    public bool IsAccepted => State == "accepted";

    /// <summary>True when it is on the lists and its key is good: accepted, or disabled for a while.</summary>
    public bool IsMember => State is "accepted" or "disabled";

    /// <summary>True when it is off the lists; its key, unless revoked, may ask again.</summary>
    public bool IsForgotten => State == "forgotten";

    /// <summary>The name people know: of a forgotten node the one it had.</summary>
    public string DisplayName => ForgottenName ?? Name;

    /// <summary>True when its key came by WalT's HTTP protocol, unproved.</summary>
    public bool IsLegacy => KeyWay == "http";

    /// <summary>What it may boot.</summary>
    /// <param name="ofAll">Of server.yaml.</param>
    public BootMode BootModeOr(BootMode ofAll) => OwnBootMode switch
    {
        null => ofAll,
        "permissive" => BootMode.Permissive,
        _ => BootMode.Enforced,
    };

    /// <summary>What the board said of itself.</summary>
    public EnrollmentClaims Claims => new(ClaimModel, ClaimSerial, MacAddress.Parse(ClaimMac));
}

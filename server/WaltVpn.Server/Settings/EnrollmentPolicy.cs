namespace WaltVpn.Server.Settings;

/// <summary>What happens to an enrolment request without a person's word (docs/security.md ENR-3).</summary>
internal enum EnrollmentPolicy
{
    /// <summary>Boards and keys never seen before are accepted. Allowed for the platform's own network only.</summary>
    Auto,

    /// <summary>An operator decides; nobody decides means no access.</summary>
    Manual,

    /// <summary>Boards never seen before that bring a live token are accepted; all others wait for an operator. For requests from afar.</summary>
    Token,

    /// <summary>Refused, and not shown to anybody.</summary>
    Deny,
}

using WaltVpn.Agent.OpenSsh;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Reconcile;

/// <summary>Whether a board must enrol, and with which key.</summary>
/// <param name="Reason">For the log; null: it is enrolled, what it has is kept.</param>
/// <param name="Key">The private key to use; null: a new one has to be made.</param>
internal sealed record EnrollmentNeed(string? Reason, Secret? Key)
{
    /// <summary>Decides by what the board has and what the server says of the board that asks.</summary>
    /// <param name="stored">From the board's configuration.</param>
    /// <param name="unused">A key of an enrolment that was cut off before it reached the EEPROM; null: none.</param>
    /// <param name="mac">The server's VPN MAC of this board; null: it has none.</param>
    /// <param name="certificate">The server's certificate for this board; null: it has none.</param>
    public static EnrollmentNeed Decide(StoredNode stored, Secret? unused, MacAddress? mac, NodeCertificate? certificate)
    {
        var isOurs = stored.Mac is null || stored.Mac == mac;
        if (stored is { Credentials: { } credentials, Key: { } key } && isOurs)
        {
            if (certificate?.Key == key) return new(null, credentials.PrivateKey);
            // Unless it is the one of an enrolment that was cut off: then that is finished below.
            if (certificate is null || !IsFor(certificate, unused)) return new("the server has no certificate for this board's key", credentials.PrivateKey);
        }

        if (mac is not null && certificate is not null && IsFor(certificate, unused)) return new(null, unused);
        var reason = stored.Credentials is null ? stored.Problem
            : isOurs ? "an enrolment was not finished"
            : $"the board is {stored.Mac} of another platform, here it is {(mac is { } here ? $"{here}" : "nobody")}";
        return new(reason, unused);
    }

    private static bool IsFor(NodeCertificate certificate, Secret? key) =>
        key is not null && SshPublicKey.TryReadFrom(key, out var half) && certificate.Key == half;
}

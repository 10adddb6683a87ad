using System.Diagnostics.CodeAnalysis;
using WaltVpn.Protocol;

namespace WaltVpn.Server.Enrollment;

/// <summary>What a board says of itself, after the grammar and before any trust: shown to the approver, never proof (docs/security.md ENR-1).</summary>
/// <param name="Model">Printable ASCII, 1..64 characters.</param>
/// <param name="Serial"><c>[A-Za-z0-9-]</c>, at most 64 characters; may be empty.</param>
/// <param name="Mac">Of the board's wired interface.</param>
internal sealed record EnrollmentClaims(string Model, string Serial, MacAddress Mac)
{
    /// <summary>The token that the board brought with them, of whatever form; null: none.</summary>
    public Secret? Token { get; private init; }

    private const int MaxLength = 64;

    /// <summary>Checks the claims of a request.</summary>
    /// <param name="request">Untrusted.</param>
    /// <param name="claims">The claims.</param>
    /// <param name="refusal">Why not, in words the node may see; it repeats nothing the node sent.</param>
    public static bool TryRead(EnrollmentRequest request, [NotNullWhen(true)] out EnrollmentClaims? claims, [NotNullWhen(false)] out string? refusal)
    {
        claims = null;
        refusal =
            request.Model is not { Length: >= 1 and <= MaxLength } model || !model.All(c => c is >= ' ' and <= '~')
                ? "the model is not 1 to 64 printable ASCII characters"
            : request.Serial is not { Length: <= MaxLength } serial || !serial.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
                ? "the serial number is not at most 64 characters of A-Z, a-z, 0-9 and hyphen"
            : null;
        if (refusal is not null) return false;
        claims = new EnrollmentClaims(request.Model, request.Serial, request.Mac) { Token = request.Token };
        return true;
    }

    /// <summary>True when both speak of one board: by serial number where both have one, else by MAC address.</summary>
    public bool IsSameBoard(EnrollmentClaims other) =>
        Serial.Length > 0 && other.Serial.Length > 0 ? Serial == other.Serial : Mac == other.Mac;
}

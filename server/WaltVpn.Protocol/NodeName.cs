namespace WaltVpn.Protocol;

/// <summary>A name for a node, in the body of <c>POST /api/v1/nodes/{id}/rename</c>.</summary>
public sealed record NodeName
{
    /// <summary>What a name is made of, for who gave another.</summary>
    public const string Rule = "A node's name is 1 to 63 of a-z, 0-9 and '-', begins with a letter and does not end with '-': it is a host name, too.";

    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>True for a host name label (RFC 1035): it cannot be taken for an option, an address or, as ids have 32 digits, hardly for an id.</summary>
    public static bool IsValid(string name) =>
        name.Length is >= 1 and <= 63 && name[0] is >= 'a' and <= 'z' && name[^1] != '-' && name.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-');
}

namespace WaltVpn.Protocol;

/// <summary>A board that may join without a further word, once. Exactly one of <see cref="Serial"/>, <see cref="Mac"/> and <see cref="Key"/> says which.</summary>
/// <remarks>A serial number and a MAC address are claims, which whoever knows them can make; a key is proved.</remarks>
public sealed record ExpectedBoard
{
    /// <summary>Its line in the file it comes from, for messages; 0 when it is in none.</summary>
    public int Line { get; init; }

    /// <summary>Serial number, as the board claims it.</summary>
    public string? Serial { get; init; }

    /// <summary>MAC address of its wired interface.</summary>
    public string? Mac { get; init; }

    /// <summary>Its public key, <c>ssh-ed25519 AAAA…</c>.</summary>
    public string? Key { get; init; }

    /// <summary>The name it gets; null: one that is made of its VPN MAC address.</summary>
    public string? Name { get; init; }

    /// <summary>The tags it gets.</summary>
    public IReadOnlyList<string> Tags { get; init => field = value ?? []; } = [];
}

/// <summary>An <see cref="ExpectedBoard"/>, as the operator sees it.</summary>
public sealed record ExpectedBoardView
{
    /// <summary>Its number.</summary>
    public required long Id { get; init; }

    /// <summary>What was ordered.</summary>
    public required ExpectedBoard Board { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset AddedAt { get; init; }

    /// <summary>By whom.</summary>
    public required string AddedBy { get; init; }
}

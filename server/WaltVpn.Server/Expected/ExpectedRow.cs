using WaltVpn.Protocol;

namespace WaltVpn.Server.Expected;

/// <summary>A board that is expected, as the database has it.</summary>
internal sealed record ExpectedRow(long Id, string? Serial, string? Mac, string? PublicKey, string? Name, string Tags, long AddedAt, string AddedBy)
{
    /// <summary>Its tags, one by one.</summary>
    public IReadOnlyList<string> AllTags => Tags.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>As the audit trail calls who let it in.</summary>
    public string Decider => $"import {Id}";

    /// <summary>As the operator sees it.</summary>
    public ExpectedBoardView View => new()
    {
        Id = Id,
        Board = new ExpectedBoard { Serial = Serial, Mac = Mac, Key = PublicKey, Name = Name, Tags = AllTags },
        AddedAt = DateTimeOffset.FromUnixTimeSeconds(AddedAt),
        AddedBy = AddedBy,
    };
}

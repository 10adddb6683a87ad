namespace WaltVpn.Protocol;

/// <summary>A change of a node's tags (<see cref="EnrollmentToken.IsTag"/>), in the body of <c>POST /api/v1/nodes/{id}/tags</c>.</summary>
public sealed record NodeTags
{
    /// <summary>Those it is to have; one that it has already is no error.</summary>
    public IReadOnlyList<string> Add { get; init => field = value ?? []; } = [];

    /// <summary>Those it is not to have; one that it has not is no error.</summary>
    public IReadOnlyList<string> Remove { get; init => field = value ?? []; } = [];
}

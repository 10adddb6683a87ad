namespace WaltVpn.Agent.Flash;

/// <summary>One step of <see cref="StagedUpdateStore"/>. Between any two the power may fail.</summary>
/// <param name="What">For messages, after "could not".</param>
internal sealed record StagedStep(string What, Action Do);

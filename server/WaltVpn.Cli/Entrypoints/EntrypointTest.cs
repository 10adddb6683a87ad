namespace WaltVpn.Cli.Entrypoints;

/// <summary>What a try of an entrypoint showed.</summary>
/// <param name="Kind"><c>http</c> or <c>ssh</c>.</param>
/// <param name="Entrypoint">What was tried.</param>
/// <param name="Works">True when it leads to this platform's server.</param>
/// <param name="Finding">What was seen, and what to do when that is wrong.</param>
internal sealed record EntrypointTest(string Kind, string Entrypoint, bool Works, string Finding);

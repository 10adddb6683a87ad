namespace WaltVpn.Linux;

/// <summary>An interface appeared, changed or went.</summary>
/// <param name="Link">As it is now; or as it was, when it went.</param>
/// <param name="Removed">It went.</param>
public readonly record struct LinkEvent(Link Link, bool Removed);

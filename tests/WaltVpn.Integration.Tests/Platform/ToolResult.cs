namespace WaltVpn.Integration.Tests.Platform;

/// <summary>How a program ended.</summary>
/// <param name="Status">Exit status.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Errors">Standard error.</param>
internal sealed record ToolResult(int Status, string Output, string Errors);

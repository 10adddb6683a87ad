namespace WaltVpn.ImageBuilder.HostTools;

/// <summary>What a tool has said.</summary>
/// <param name="Text">Standard output.</param>
/// <param name="Errors">Standard error: warnings.</param>
/// <param name="Status">Its exit status: 0, or the one that the caller accepts.</param>
internal sealed record ToolOutput(string Text, string Errors, int Status);

using WaltVpn.Agent.OpenSsh;

namespace WaltVpn.Agent.Following;

/// <summary>Which settings documents a node takes. Decides only.</summary>
/// <remarks>
/// docs/security.md NODE-4. The connection has proved who speaks: a holder of a pinned host key. This keeps that one from going back to settings that it
/// once gave (a server restored from an old copy, or stolen, or an entrypoint that kept an answer), and from mistaking one node for another.
/// </remarks>
internal static class SettingsTrust
{
    /// <summary>Why a document is not taken, for the log; null: it is.</summary>
    /// <param name="answer">What the server told.</param>
    /// <param name="platform">The node's; empty: not known.</param>
    /// <param name="nodeId">The node.</param>
    /// <param name="publicKey">The node's key, <c>type base64</c>.</param>
    /// <param name="last">Of the newest document that was taken; null: none was.</param>
    public static string? Refuse(SettingsAnswer answer, string platform, string nodeId, string publicKey, LastSettings? last)
    {
        var document = answer.Document;
        if (platform.Length > 0 && document.Platform != platform) return $"they are of platform '{document.Platform}', this node is of '{platform}'";
        if (document.NodeId != nodeId) return $"they are for node {document.NodeId}, this one is {nodeId}";
        if (!NodeCertificate.TryParse(document.Certificate, out var certificate) || certificate.Key.Line != publicKey)
            return "their certificate is not for this node's key";
        if (certificate.NodeId != nodeId) return "their certificate names another node";
        if (last is null || last.NodeId != nodeId) return null;
        if (last.Platform.Length > 0 && document.Platform != last.Platform)
            return $"they are of platform '{document.Platform}', this node is of '{last.Platform}'";
        if (document.Counter < last.Number)
        {
            return $"they have number {document.Counter}, and this node has taken number {last.Number}: somebody gives it settings of before. "
                + "If the server was restored from an old copy, change a setting there";
        }

        return document.Counter == last.Number && last.Digest.Length > 0 && last.Digest != answer.Digest
            ? $"they have the number {last.Number} of other settings that this node has taken"
            : null;
    }
}

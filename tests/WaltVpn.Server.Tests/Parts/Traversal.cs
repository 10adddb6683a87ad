namespace WaltVpn.Server.Tests.Parts;

/// <summary>Request paths that try to climb out of a folder to a file <c>canary</c>: 420 of them, plain, encoded once, twice, overlong, with NUL, in absolute form.</summary>
internal static class Traversal
{
    /// <param name="origin"><c>http://host</c>, for the absolute form.</param>
    /// <param name="node">Path of a node's boot files, without the last slash.</param>
    /// <param name="file">Path of one of them.</param>
    public static IEnumerable<string> Forms(string origin, string node, string file)
    {
        string[] ups = ["..", "%2e%2e", "%2E.", ".%2e", "%252e%252e", "..%00", "%c0%ae%c0%ae", "..;", "....", "%uff0e%uff0e"];
        string[] separators = ["/", "%2f", "\\", "%5c", "//", "/./", "%252f"];
        string[] starts = [$"{Path.GetDirectoryName(node)}/", $"{file}/", $"{node}/", "/", $"{origin}{node}/", ""];
        var tried = 0;
        foreach (var start in starts)
        {
            foreach (var up in ups)
            {
                foreach (var separator in separators) yield return $"{start}{string.Concat(Enumerable.Repeat(up + separator, 1 + (tried++ % 4)))}canary";
            }
        }
    }
}

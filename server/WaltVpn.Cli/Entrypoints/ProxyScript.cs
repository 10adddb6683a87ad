using System.Reflection;
using WaltVpn.Protocol;

namespace WaltVpn.Cli.Entrypoints;

/// <summary>The scripts of <c>Proxies/</c>, filled in: what makes a machine an SSH entrypoint, and takes that away again.</summary>
/// <param name="Platform">The platform's id.</param>
/// <param name="File">What the script calls itself.</param>
/// <param name="Next">The server, or the next proxy, as the machine reaches it. It has passed its grammar: it can be no more than a name and a port.</param>
internal sealed record ProxyScript(string Platform, string File, SshEntrypoint Next)
{
    /// <summary>Passes connections on, byte by byte, to who speaks SSH with the nodes (docs/security.md SSH-2).</summary>
    /// <param name="listen">As systemd.socket(5) takes it: a port, or an address and a port.</param>
    public string Relay(string listen) => Filled("relay", "Makes this machine an SSH entrypoint that passes nodes' connections on, end to end.", ("listen", listen));

    /// <summary>Ends the sessions of WalT's nodes and goes on with the key in their agent (docs/security.md LEG-6).</summary>
    /// <param name="authority">The CA's public key, a line: whose certificates come in.</param>
    /// <param name="hostKeys">Public keys, a line each, one of which <see cref="Next"/> must show.</param>
    /// <param name="forwardsAgent">True when the next one is a proxy of this kind as well, which needs the agent; a server does not.</param>
    public string WaltCompatible(string authority, IEnumerable<string> hostKeys, bool forwardsAgent) => Filled(
        "walt",
        "Makes this machine an SSH entrypoint for old nodes of WalT, which ends their sessions and goes on with the keys in their agents.",
        ("authority", authority),
        ("known_hosts", string.Join('\n', hostKeys.Select(key => $"waltvpn-server {key}"))),
        ("forward", forwardsAgent ? "yes" : "no"));

    private string Filled(string way, string purpose, params ReadOnlySpan<(string Name, string Value)> more)
    {
        var text = Part("head") + Part(way) + Part("tail");
        foreach (var (name, value) in (ReadOnlySpan<(string, string)>)
            [("purpose", purpose), ("platform", Platform), ("file", File), ("host", Next.Host), ("port", $"{Next.Port}"), .. more])
            text = text.Replace($"{{{{{name}}}}}", value, StringComparison.Ordinal);
        return text;
    }

    private static string Part(string name)
    {
        using var part = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream($"Proxies/{name}.sh")!);
        return part.ReadToEnd();
    }
}

using System.Reflection;
using WaltVpn.Protocol;

namespace WaltVpn.Cli.Entrypoints;

/// <summary>The site files of <c>Sites/</c>, filled in. Each passes the public boot routes on, GET and HEAD, and answers nothing else.</summary>
internal static class HttpSite
{
    /// <summary>One site file.</summary>
    /// <param name="proxy">For which web server.</param>
    /// <param name="name">What boards call the entrypoint: a host name in lower case, or an address.</param>
    /// <param name="server">The platform's server, as the entrypoint reaches it. Both have passed their grammar: neither can be more than a name.</param>
    public static string For(HttpProxy proxy, string name, SshEntrypoint server)
    {
        var file = proxy switch
        {
            HttpProxy.Nginx => "nginx.conf",
            HttpProxy.Apache => "apache.conf",
            HttpProxy.Haproxy => "haproxy.cfg",
            HttpProxy.Caddy => "Caddyfile",
        };
        using var template = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream($"Sites/{file}")!);
        return template.ReadToEnd().Replace("{{name}}", name, StringComparison.Ordinal).Replace("{{server}}", server.ToString(), StringComparison.Ordinal);
    }
}

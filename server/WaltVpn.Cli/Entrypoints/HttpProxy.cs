namespace WaltVpn.Cli.Entrypoints;

/// <summary>Web servers that <c>waltvpn setup-http</c> writes a site for.</summary>
internal enum HttpProxy
{
    Nginx,
    Apache,
    Haproxy,
    Caddy,
}

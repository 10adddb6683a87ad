namespace WaltVpn.Protocol;

/// <summary>Paths of the daemon's HTTP faces. Which socket answers which path: docs/protocol.md "HTTP".</summary>
public static class Routes
{
    /// <summary>Public: the server's fully qualified name and a line feed (WalT).</summary>
    public const string ServerName = "/walt-vpn/server";

    /// <summary>Public: a node's boot files, <c>/walt-vpn/boot/{node id}/boot.sig</c> and <c>…/boot.img</c>.</summary>
    /// <remarks>No LAN address is in it: it stays the node's wherever it is.</remarks>
    public const string Boot = "/walt-vpn/boot";

    /// <summary>Public and LAN: the same for WalT's boards, <c>/walt-vpn/per-ip/{dashed address}/boot.sig</c> and <c>…/boot.img</c>.</summary>
    public const string LegacyPerIp = "/walt-vpn/per-ip";

    /// <summary>LAN: enrolment of WalT's boards.</summary>
    public const string LegacyEnroll = "/walt-vpn/enroll";

    /// <summary>LAN: what WalT's boards write into their EEPROM, a route below it for each value.</summary>
    public const string LegacyNodeConf = "/walt-vpn/node-conf";

    /// <summary>Administration: all published boot files; published by a POST to <c>/{board}</c>.</summary>
    public const string BootFiles = "/api/v1/boot-files";

    /// <summary>Administration: all nodes.</summary>
    public const string Nodes = "/api/v1/nodes";

    /// <summary>Administration: boards that may join without a further word; a list is added by a POST.</summary>
    public const string ExpectedBoards = "/api/v1/expected-boards";

    /// <summary>Administration: all enrolment requests.</summary>
    public const string Requests = "/api/v1/requests";

    /// <summary>Administration: enrolment requests as server-sent events, first those that wait, then every change.</summary>
    public const string RequestEvents = "/api/v1/requests/events";

    /// <summary>Administration: enrolment tokens; made by a POST.</summary>
    public const string Tokens = "/api/v1/tokens";

    /// <summary>Administration: the audit trail, <c>?after=N</c> from a line on, else the newest lines.</summary>
    public const string Audit = "/api/v1/audit";

    /// <summary>Administration: what works and what does not (<see cref="HealthCheck"/>).</summary>
    public const string Health = "/api/v1/health";

    /// <summary>Administration: the settings for an image.</summary>
    public const string NodeSettings = "/api/v1/node-settings";

    /// <summary>Administration: the server's name, and where nodes find it.</summary>
    public const string Platform = "/api/v1/platform";
}

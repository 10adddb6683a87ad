namespace WaltVpn.Server.Lan;

/// <summary>Routes of <see cref="NodeConf"/> (docs/protocol.md "WalT's HTTP protocol").</summary>
internal static class NodeConfApi
{
    public static void MapNodeConf(this IEndpointRouteBuilder routes)
    {
        var values = routes.MapGroup(Protocol.Routes.LegacyNodeConf);
        values.MapGet("/ssh-pubkey-cert", (HttpContext http, LanGate gate, NodeConf conf) => gate.Admit(http, conf.Certificate));
        Map(values, "/vpn-mac", (conf, caller) => conf.VpnMac(caller));
        Map(values, "/http-path", (conf, caller) => conf.HttpPath(caller));
        Map(values, "/ssh-entrypoint", (conf, _) => conf.SshEntrypoint());
        Map(values, "/ssh-entrypoint-host-keys", (conf, _) => conf.SshEntrypointHostKeys());
        Map(values, "/http-entrypoint", (conf, _) => conf.HttpEntrypoint());
        Map(values, "/boot-mode", (conf, caller) => conf.BootMode(caller));
        Map(values, "/public.pem", (conf, _) => conf.BootKey());
        Map(values, "/cacert.der", (conf, _) => conf.CaCertificate());
    }

    private static void Map(RouteGroupBuilder routes, string path, Func<NodeConf, LanCaller, IResult> value) =>
        routes.MapGet(path, (HttpContext http, LanGate gate, NodeConf conf) => gate.Admit(http, caller => Task.FromResult(value(conf, caller))));
}

using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using WaltVpn.Server.BootFiles;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.Following;
using WaltVpn.Server.Nodes;
using WaltVpn.Server.Schema;
using WaltVpn.Server.Settings;
using Entrypoint = WaltVpn.Protocol.SshEntrypoint;
using Mode = WaltVpn.Protocol.BootMode;

namespace WaltVpn.Server.Lan;

/// <summary>What a board of WalT's writes into its EEPROM, value by value, as text. None has a secret in it.</summary>
internal sealed class NodeConf(ServerSettings settings, Database database, Admission admission, ILogger<NodeConf> log)
{
    /// <summary>The value that a board does not have yet; and of all settings while they are incomplete: a board then leaves its EEPROM as it is.</summary>
    private const string None = "";

    private bool IsComplete => settings.HttpEntrypoint is not null;

    /// <summary>WalT's boards know port 22 only: the one that is meant for them, the first entrypoint that has this port, else the first.</summary>
    private Entrypoint FirstEntrypoint => settings.Lan?.SshEntrypoint ??
        settings.SshEntrypoints.Where(entrypoint => entrypoint.Port == Entrypoint.DefaultPort).Concat(settings.SshEntrypoints).First();

    /// <summary>The node's newest certificate, a line; the next one when that is due: at home is where a board of WalT's gets it.</summary>
    public async Task<IResult> Certificate(LanCaller caller)
    {
        if (database.Read(db => NodeTable.OfMac(db, caller.Mac)) is { } known) await admission.Renew(known.Id);
        var newest = database.Read(db => NodeTable.OfMac(db, caller.Mac) is { } node && NodePublicKey.TryParseAny(node.PublicKey, out var key, out _)
            ? CertificateJournal.Newest(db, key)
            : null);
        return Text(newest is null ? None : newest.Certificate + "\n");
    }

    /// <summary>The node's VPN MAC.</summary>
    public IResult VpnMac(LanCaller caller) => Text(database.Read(db => NodeTable.OfMac(db, caller.Mac))?.VpnMac);

    /// <summary>The path that the node's boot files have from everywhere: of the address it enrolled from; for others of the address they have.</summary>
    public IResult HttpPath(LanCaller caller)
    {
        var recorded = database.Read(db => NodeTable.OfMac(db, caller.Mac) is { } node ? PerIpTable.OfNode(db, node.Id) : null);
        return Text($"{Protocol.Routes.LegacyPerIp.TrimStart('/')}/{recorded ?? PerIpTable.Dashed(caller.Origin.Source)}");
    }

    /// <summary>The SSH entrypoint's host; with its port where that is not SSH's, which our boards read and no board of WalT's could use.</summary>
    public IResult SshEntrypoint() =>
        Text(!IsComplete ? None : FirstEntrypoint.Port == Entrypoint.DefaultPort ? FirstEntrypoint.Host : FirstEntrypoint.ToString());

    /// <summary>Lines of a known_hosts file, sshd(8): the server's own keys, which a node meets at the far end of every entrypoint but one that ends its session.</summary>
    public IResult SshEntrypointHostKeys()
    {
        if (!IsComplete) return LanErrors.BadRequest("no SSH entrypoint is configured: http.entrypoint is not set in server.yaml");
        try
        {
            var host = FirstEntrypoint.Port == Entrypoint.DefaultPort ? FirstEntrypoint.Host : $"[{FirstEntrypoint.Host}]:{FirstEntrypoint.Port}";
            var files = settings.Lan is { HostKeyFiles: { Count: > 0 } ofProxy } ? ofProxy : settings.HostKeyFiles;
            return Text(string.Concat(files.Select(file => $"{host} {ServerHostKey.Load(file)}\n")));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            log.SettingUnusable($"the SSH host key could not be read: {e.Message}");
            return LanErrors.Trouble("the server cannot read its SSH host key; see hostKeyFiles in server.yaml");
        }
    }

    /// <summary>The HTTP entrypoint's host.</summary>
    public IResult HttpEntrypoint() => Text(settings.HttpEntrypoint);

    /// <summary><c>enforced</c> or <c>permissive</c>: the node's own, or what holds for all.</summary>
    public IResult BootMode(LanCaller caller) => Text(!IsComplete ? None : (ModeOf(caller) ?? settings.BootMode) switch
    {
        Mode.Enforced => "enforced",
        Mode.Permissive => "permissive",
    });

    private Mode? ModeOf(LanCaller caller) => database.Read(db => NodeTable.OfMac(db, caller.Mac))?.BootModeOr(settings.BootMode);

    /// <summary>The public half of the boot key, PEM.</summary>
    public IResult BootKey()
    {
        try
        {
            return Text(File.ReadAllText(settings.BootPublicKeyFile));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.SettingUnusable($"the boot key could not be read: {e.Message} Make one with: waltvpn boot make-key");
            return LanErrors.NotFound("the server has no boot key yet");
        }
    }

    /// <summary>The certificate that boards check an HTTPS entrypoint with, DER. None of WalT's boards asks.</summary>
    public IResult CaCertificate()
    {
        if (settings.BootCaCertificateFile is not { } file) return LanErrors.NotFound("bootCaCertificate is not set in server.yaml");
        try
        {
            return TypedResults.Bytes(File.ReadAllBytes(file), "application/pkix-cert");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.SettingUnusable($"the CA's certificate could not be read: {e.Message}");
            return LanErrors.Trouble("the server cannot read its CA's certificate; see bootCaCertificate in server.yaml");
        }
    }

    private static ContentHttpResult Text(string? text) => TypedResults.Text(text ?? None, "text/plain", Encoding.ASCII);
}

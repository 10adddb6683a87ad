using System.Net;
using System.Net.Sockets;
using WaltVpn.Agent.Network;

namespace WaltVpn.Agent.HandOff;

/// <summary>Finds out which root the platform names: the kernel command line first, then DHCP.</summary>
/// <param name="Root">The export; null: none, or none that can be used.</param>
/// <param name="Reason">Why there is none, for the console.</param>
/// <remarks>
/// Forms: <c>root=/dev/nfs</c> or <c>/dev/nfs4</c> with <c>nfsroot=[server:]path[,options]</c>; <c>root=nfs:[server:]path[:options]</c>; DHCP
/// option 17 (RFC 2132) with either text. <c>%s</c> in the path is the node's host name where DHCP gave one, else its address. Without a server:
/// DHCP's next server, else the DHCP server.
/// </remarks>
internal sealed record RootNaming(RootSpec? Root, string Reason)
{
    private const int LongestPath = 1024;
    private const string Option17 = "DHCP option 17 (root-path)";

    /// <summary>True when nothing was said of a root at all.</summary>
    public bool Unsaid { get; private init; }

    /// <summary>Looks in all places.</summary>
    /// <param name="line">The kernel command line: part of the image, trusted.</param>
    /// <param name="lease">The platform's DHCP answer: foreign text.</param>
    public static RootNaming Find(KernelCommandLine line, DhcpLease lease)
    {
        if (line.Root is { } root && Foreign(root) is { } kind)
            return new RootNaming(null, $"root={NfsOptions.Printable(root)} on the kernel command line: {kind}");
        var version = line.Root == "/dev/nfs4" ? "4" : null;
        if (line.NfsRoot is { } nfsRoot) return Read(nfsRoot, "nfsroot= on the kernel command line", version, lease);
        if (line.Root?.StartsWith("nfs", StringComparison.Ordinal) == true) return Read(line.Root, "root= on the kernel command line", version, lease);
        if (lease.RootPath is { } path) return Read(path, Option17, version, lease);
        return new RootNaming(null, $"the platform names no root file system: neither {Option17} nor nfsroot= on the kernel command line") { Unsaid = true };
    }

    // What is no NFS root; null: it is one, or says that DHCP knows.
    private static string? Foreign(string root) => root switch
    {
        "/dev/nfs" or "/dev/nfs4" or "dhcp" => null,
        _ when root.StartsWith("nfs:", StringComparison.Ordinal) || root.StartsWith("nfs4:", StringComparison.Ordinal) => null,
        _ when root.Contains("nbfs", StringComparison.Ordinal) || root.Contains("nbd", StringComparison.Ordinal) =>
            "NBFS and NBD are not supported; offer the image over NFS (root=/dev/nfs).",
        _ => "the node's root comes from the platform, over NFS; local disks are not protected and not used.",
    };

    private static RootNaming Read(string text, string where, string? version, DhcpLease lease)
    {
        var said = $"{where}, '{NfsOptions.Printable(text)}'";
        if (text.Any(c => c is < ' ' or > '~')) return new RootNaming(null, $"{said}: a root has printable ASCII characters only.");
        var scheme = text.StartsWith("nfs4:", StringComparison.Ordinal) ? "nfs4:" : text.StartsWith("nfs:", StringComparison.Ordinal) ? "nfs:" : "";
        if (scheme == "nfs4:") version = "4";
        var export = text[scheme.Length..].Trim();
        var slash = export.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0) return new RootNaming(null, $"{said}: it must be [server:]/path[,options].");
        var server = export[..slash] is [.. var name, ':'] ? Address(name) : slash == 0 ? lease.NextServer ?? lease.DhcpServer : null;
        if (server is null)
            return new RootNaming(null, slash == 0
                ? $"{said}: no server. Put its IPv4 address in front, or name one as DHCP's next server."
                : $"{said}: '{NfsOptions.Printable(export[..slash])}' is no IPv4 address of a server followed by a colon.");

        // dracut separates with a colon what the kernel separates with a comma.
        var separator = export.IndexOfAny(scheme.Length > 0 ? [',', ':'] : [','], slash);
        var path = (separator < 0 ? export[slash..] : export[slash..separator]).Replace("%s", lease.HostName ?? $"{lease.Address}", StringComparison.Ordinal);
        if (path.Length > LongestPath) return new RootNaming(null, $"{said}: the path is longer than {LongestPath} characters.");
        var options = separator < 0 ? NfsOptions.None : NfsOptions.Parse(export[(separator + 1)..]);
        return new RootNaming(new RootSpec(server, path, options with { Version = options.Version ?? version }), $"named by {where}");
    }

    private static IPAddress? Address(string text) =>
        text.Count(c => c == '.') == 3 && IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetwork && IsHost(address)
            ? address
            : null;

    // Neither this host, nor all hosts, nor a group (RFC 6890).
    private static bool IsHost(IPAddress address) => address.GetAddressBytes()[0] is > 0 and not 127 and < 224;
}

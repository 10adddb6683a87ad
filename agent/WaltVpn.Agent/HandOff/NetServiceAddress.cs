using System.Net;

namespace WaltVpn.Agent.HandOff;

/// <summary>
/// <c>/run/nc-custom.sh</c>: tells WalT's node service (reboot, blink; TCP 12346) to listen on the platform's side only. The service runs it with
/// <c>sh</c> in place of <c>nc</c>, with nc's arguments.
/// </summary>
internal static class NetServiceAddress
{
    private const string FileName = "nc-custom.sh";

    /// <summary>Writes the script.</summary>
    /// <param name="run">The new root's /run.</param>
    /// <param name="address">The node's on the platform's network; a parsed address, no foreign text.</param>
    public static void Write(string run, IPAddress address) => File.WriteAllText(Path.Combine(run, FileName), $"#!/bin/sh\nexec nc -s {address} \"$@\"\n");
}

using WaltVpn.Agent.Tunnel;
using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Network;

/// <summary>
/// A site's network that calls itself a platform's own is asked to prove it: whoever answers there must have the platform's host key, and know this node.
/// </summary>
/// <remarks>docs/protocol.md "SSH commands". In every boot mode: a DHCP answer alone convinces nobody.</remarks>
internal static class LanCheck
{
    /// <summary>WalT's DHCP domain.</summary>
    private const string Domain = "walt";
    private const string Yes = "OK";
    private const int SshPort = 22;
    private static readonly WayIn s_server = new(new SshEntrypoint($"server.{Domain}", SshPort));
    private static readonly TimeSpan ForAnswer = TimeSpan.FromSeconds(30);

    /// <summary>True when this is the platform's own network: no tunnel is needed.</summary>
    /// <param name="lease">The site's.</param>
    /// <param name="log">Says why it is not believed.</param>
    public static async Task<bool> IsPlatformsOwn(DhcpLease? lease, INodeLog log)
    {
        if (lease?.Domain != Domain) return false;
        var refusal = await Ask();
        if (refusal is null) log.Info(BootStage.Tunnel, $"this is the platform's own network, {s_server} proved it: no tunnel");
        else log.Warning(BootStage.Tunnel, $"DHCP calls this a platform's own network, but {s_server} did not prove it: {refusal}. Going through the tunnel.");
        return refusal is null;
    }

    // Null: it is.
    private static async Task<string?> Ask()
    {
        try
        {
            using var ssh = SshProcess.Start(SshConfig.Tunnel, s_server, command: TunnelCommand.CheckInWaltNet);
            var reading = Task.Run(() => ReadAnswer(ssh.Output));
            if (await Task.WhenAny(reading, Task.Delay(ForAnswer)) != reading) return $"no answer within {ForAnswer.TotalSeconds:0} s";
            var answer = await reading;
            if (answer == Yes) return null;
            return answer.Length > 0 ? "it says that this node does not come from there" : await ssh.Reason();
        }
        catch (ErrnoException failure)
        {
            return failure.Message;
        }
    }

    // One word; what is longer is none of the two.
    private static string ReadAnswer(FileDescriptor output)
    {
        var buffer = new byte[64];
        return System.Text.Encoding.ASCII.GetString(buffer, 0, output.Read(buffer)).Trim();
    }
}

using System.Globalization;
using WaltVpn.Server.Processes;

namespace WaltVpn.Server.Http;

/// <summary>Users and groups of this machine, wherever they are kept: getent(1) asks the name service.</summary>
internal static class Account
{
    /// <summary>The number of a user or group.</summary>
    /// <param name="table"><c>passwd</c> or <c>group</c>.</param>
    /// <param name="name">Its name.</param>
    /// <param name="cancel">Ends the lookup.</param>
    /// <exception cref="ChildProcessException">There is none of that name.</exception>
    public static async Task<uint> NumberOf(string table, string name, CancellationToken cancel)
    {
        var found = await ChildProcess.Run("getent", [table, name], [], null, cancel);
        var entry = found.OrThrow($"{table} has no '{name}'; make it with systemd-sysusers, or name another in server.yaml");
        return uint.Parse(entry.Split(':')[2], CultureInfo.InvariantCulture);
    }

    /// <summary>A user's name, or <c>uid N</c> when it has none.</summary>
    public static async Task<string> NameOf(uint user, CancellationToken cancel)
    {
        var number = user.ToString(CultureInfo.InvariantCulture);
        var entry = await ChildProcess.Run("getent", ["passwd", number], [], null, cancel);
        return entry.ExitStatus == 0 ? entry.Output.Split(':')[0] : $"uid {number}";
    }

    /// <summary>The user this process runs as, proc_pid_status(5).</summary>
    public static uint Own()
    {
        var user = File.ReadLines("/proc/self/status").First(line => line.StartsWith("Uid:", StringComparison.Ordinal));
        return uint.Parse(user.Split('\t')[2], CultureInfo.InvariantCulture);
    }
}

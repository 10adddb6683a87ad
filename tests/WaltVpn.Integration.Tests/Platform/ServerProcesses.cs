using System.Globalization;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>What /proc says of this private host's processes.</summary>
internal static class ServerProcesses
{
    /// <summary>The forced command of a live tunnel.</summary>
    public const string Connect = "/waltvpn-hub connect ";

    /// <summary>The forced command of an enrolment conversation.</summary>
    public const string Enroll = "/waltvpn-hub enroll ";

    /// <summary>sshd's process of one session of the SSH user.</summary>
    public const string Session = "sshd: walt-vpn@notty";

    /// <summary>Processes whose command line, joined by spaces, has this in it; forced commands that sshd started through a shell not twice.</summary>
    public static IReadOnlyList<(int Pid, string CommandLine)> Having(string text) =>
        [.. All().Where(process => process.CommandLine.Contains(text, StringComparison.Ordinal))];

    /// <summary>The environment a process was started with, one NAME=value per line.</summary>
    public static string Environment(int pid) => Read($"/proc/{pid}/environ").Replace('\0', '\n');

    /// <summary>
    /// Open sockets, pipes, devices and the like of a process. Ordinary files are not counted: .NET opens its libraries when they are first needed.
    /// </summary>
    public static int Descriptors(int pid) => Directory.GetFileSystemEntries($"/proc/{pid}/fd").Count(IsNoFile);

    private static bool IsNoFile(string descriptor)
    {
        try
        {
            return File.ResolveLinkTarget(descriptor, returnFinalTarget: false) is { } target && !File.Exists(target.FullName);
        }
        catch (IOException)
        {
            // ENOENT: closed meanwhile.
            return false;
        }
    }

    private static IEnumerable<(int Pid, string CommandLine)> All() =>
        from folder in Directory.EnumerateDirectories("/proc")
        where int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out _)
        let line = Read($"{folder}/cmdline").Replace('\0', ' ')
        where !line.StartsWith("sh -c ", StringComparison.Ordinal)
        select (int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture), line);

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            // ENOENT, ESRCH: it ended meanwhile.
            return "";
        }
    }
}

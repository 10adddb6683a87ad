using System.Net;
using System.Net.Sockets;
using WaltVpn.Agent.Network;
using WaltVpn.Linux;

namespace WaltVpn.Agent.HandOff;

/// <summary>Mounts the node's root over NFS: mount(2) with the options mount.nfs(8) would work out, v4.2 first, v3 last.</summary>
internal static class NfsRoot
{
    /// <summary>Where it is mounted until it is the root.</summary>
    public const string MountPoint = "/newroot";

    private const int NfsPort = 2049;
    private const int PortmapperPort = 111;
    private static readonly TimeSpan ForAnswer = TimeSpan.FromSeconds(5);
    // The kernel asks ahead for what a program reads in order. 128 KiB, its default, is 2.5 MB/s when the server is 50 ms away; this is 16 times that.
    private const int ReadAheadKibibytes = 2048;

    // Who owns what has a name that cannot be mapped (65534 as the kernel's overflow uid).
    private const uint Nobody = 65534;

    // Best first; of the fourth version the minor ones a server may lack.
    private static readonly string[] s_versions = ["4.2", "4.1", "4.0", "3"];

    /// <summary>One attempt with each version the platform allows.</summary>
    /// <param name="root">The export.</param>
    /// <param name="lease">The node's own address.</param>
    /// <param name="readOnly">As the kernel command line has it; the export's options win.</param>
    /// <param name="stopping">Ends the wait for the server, not a mount that is under way.</param>
    /// <returns>The version that worked.</returns>
    /// <exception cref="StageException">None worked: says what each was answered.</exception>
    public static async Task<string> Mount(RootSpec root, DhcpLease lease, bool readOnly, CancellationToken stopping)
    {
        await UntilAnswers(root, stopping);
        Directory.CreateDirectory(MountPoint);
        var flags = root.Options.ReadOnly ?? readOnly ? MountFlags.MS_RDONLY : MountFlags.None;
        var failures = new List<(string Version, string Words, bool OtherMinorMayDo)>();
        foreach (var version in Versions(root.Options.Version))
        {
            // Another minor version changes nothing where the server knew this one.
            if (version.StartsWith("4.", StringComparison.Ordinal) && failures is [.., { OtherMinorMayDo: false }]) continue;
            try
            {
                var data = Data(root, lease.Address, version);
                // In a thread of its own: the kernel waits long for a server that falls silent.
                await Task.Factory.StartNew(
                    () => Linux.Mount.Attach($"{root}", MountPoint, "nfs", flags, data), stopping, TaskCreationOptions.LongRunning, TaskScheduler.Default);
                if (OwnersAreNumbers())
                {
                    ReadAhead();
                    return version;
                }

                Linux.Mount.DetachLazily(MountPoint);
                failures.Add((version, "the server sends owners by name; a root needs numbers (nfs-ganesha: Only_Numeric_Owners = true)", false));
            }
            catch (ErrnoException refusal)
            {
                failures.Add((version, Words(refusal.Errno), IsAboutVersion(refusal.Errno)));
            }
        }

        throw new StageException($"{root} cannot be mounted: {string.Join(", ", failures.Select(failure => $"NFS {failure.Version}: {failure.Words}"))}.");
    }

    /// <summary>Versions to try, best first.</summary>
    /// <param name="asked">3, 4, or 4 with its minor version; null: any.</param>
    internal static IEnumerable<string> Versions(string? asked) =>
        s_versions.Where(version => asked is null || version == asked || version.StartsWith(asked + ".", StringComparison.Ordinal));

    /// <summary>mount(2)'s text for NFS (nfs(5)). The address is ours to say: what a platform wrote cannot lead the mount past the tunnel.</summary>
    internal static string Data(RootSpec root, IPAddress own, string version) => version == "3"
        // Locks stay on the node: nobody runs a lock daemon before the root is there.
        ? $"vers=3,proto=tcp,mountproto=tcp,hard,nolock{root.Options.Data},addr={root.Server},mountaddr={root.Server}"
        : $"vers={version},proto=tcp,hard{root.Options.Data},addr={root.Server},clientaddr={own}";

    // mount(2) itself would wait minutes for a host that is not there, and say little.
    private static async Task UntilAnswers(RootSpec root, CancellationToken stopping)
    {
        var port = root.Options.Port ?? NfsPort;
        var answer = await Knock(root.Server, port, stopping);
        if (answer is null || await Knock(root.Server, PortmapperPort, stopping) is null) return;
        throw new StageException(
            $"{root.Server} does not answer as an NFS server, port {port}: {answer}. Does it run, and may the platform's network reach it?");
    }

    // Null: somebody answers.
    private static async Task<string?> Knock(IPAddress server, int port, CancellationToken stopping)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        deadline.CancelAfter(ForAnswer);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(server, port, deadline.Token);
            return null;
        }
        catch (SocketException failure)
        {
            return failure.Message;
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return $"nothing within {ForAnswer.TotalSeconds:0} s";
        }
    }

    // A name is mapped by a program, /sbin/request-key, which the kernel would start from the very root that waits for the mapping: seen here as a
    // system that stands still. Before the hand-off there is no such program, and who it would have been asked for is nobody.
    private static bool OwnersAreNumbers() => RootFolder.OwnerOf(MountPoint) != Nobody;

    private static void ReadAhead()
    {
        // proc(5), /proc/self/mountinfo: 36 35 0:45 / /newroot rw … ; the third word names the backing device.
        var device = File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' ')).Last(words => words[4] == MountPoint)[2];
        File.WriteAllText($"/sys/class/bdi/{device}/read_ahead_kb", $"{ReadAheadKibibytes}\n");
    }

    private static bool IsAboutVersion(Errno errno) => errno is Errno.EPROTONOSUPPORT or Errno.EOPNOTSUPP or Errno.EINVAL or Errno.EIO;

    private static string Words(Errno errno) => errno switch
    {
        Errno.ENOENT => "the server has no such directory",
        Errno.EACCES or Errno.EPERM => "the server does not let this node have it; look at its exports",
        Errno.EPROTONOSUPPORT => "the server does not speak it",
        Errno.ENOTDIR => "it is no directory",
        Errno.ETIMEDOUT => "no answer",
        Errno.ENODEV => "the image's kernel has no module for it",
        _ => $"{errno}",
    };
}

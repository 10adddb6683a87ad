using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

/// <summary>A child process: posix_spawn(3), waitpid(2), kill(2).</summary>
/// <remarks>
/// .NET's own Process class reaps by itself in a SIGCHLD handler; an init that must also reap orphans cannot share that.
/// Each child has one waiting thread, which reaps exactly this pid; <see cref="Orphans"/> reaps the rest.
/// </remarks>
public sealed partial class ChildProcess
{
    private readonly TaskCompletionSource<ExitStatus> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ChildProcess(int pid, string name)
    {
        Pid = pid;
        new Thread(() => Wait(name)) { Name = $"wait {name}", IsBackground = true }.Start();
    }

    /// <summary>Process id; after <see cref="Exited"/> it may belong to somebody else.</summary>
    public int Pid { get; }

    /// <summary>Completes when the process ended and was reaped.</summary>
    public Task<ExitStatus> Exited => _exited.Task;

    /// <summary>Starts a program with default signal handling and an empty signal mask.</summary>
    /// <param name="path">Absolute path of the program.</param>
    /// <param name="arguments">Arguments, the program's name not among them.</param>
    /// <param name="environment">The whole environment, NAME=value.</param>
    /// <param name="standardInput">Becomes descriptor 0; null: /dev/null. The caller keeps ownership, here and below.</param>
    /// <param name="standardOutput">Becomes descriptor 1; null: /dev/null.</param>
    /// <param name="standardError">Becomes descriptor 2; null: /dev/null.</param>
    /// <param name="name">How the program is told it was called, argv[0]; null: by its path.</param>
    /// <exception cref="ErrnoException">The program cannot be started, e.g. ENOENT.</exception>
    public static ChildProcess Start(string path, IReadOnlyList<string> arguments, IReadOnlyList<string> environment,
        SafeHandle? standardInput = null, SafeHandle? standardOutput = null, SafeHandle? standardError = null, string? name = null)
    {
        using var actions = new SpawnFileActions();
        foreach (var (descriptor, handle) in new[] { standardInput, standardOutput, standardError }.Index())
        {
            if (handle is null) actions.Open(descriptor, "/dev/null");
            else actions.Duplicate(handle, descriptor);
        }

        using var attributes = new SpawnAttributes();
        var pid = ChildTable.Add(() =>
        {
            var error = PosixSpawn(out var child, path, actions.Pointer, attributes.Pointer, [name ?? path, .. arguments, null], [.. environment, null]);
            return error == 0 ? child : throw new ErrnoException("posix_spawn", path, (Errno)error);
        });
        return new ChildProcess(pid, Path.GetFileName(path));
    }

    /// <summary>Sends a signal; does nothing when the process was reaped already.</summary>
    /// <param name="signal">Number from signal(7).</param>
    public void Kill(int signal)
    {
        ChildTable.WhileOwn(Pid, () => _ = KillCall(Pid, signal));
    }

    /// <summary>Ends every child that was started here, at once, and waits until each is reaped.</summary>
    public static void EndAll() => ChildTable.EndAll(pid => _ = KillCall(pid, SIGKILL));

    /// <summary>Sends a signal to every child that was started here and lives.</summary>
    /// <param name="signal">Number from signal(7).</param>
    public static void SignalAll(int signal) => ChildTable.ForEach(pid => _ = KillCall(pid, signal));

    private const int SIGKILL = 9;

    private void Wait(string name)
    {
        try
        {
            WaitStatus.UntilExited(Pid);
            _exited.SetResult(ChildTable.Reap(Pid));
        }
        catch (ErrnoException lost)
        {
            // Only a foreign reaper can cause this: a programming error, told to whoever waits.
            _exited.SetException(new InvalidOperationException($"internal error: {name} was reaped by somebody else", lost));
        }
    }

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int PosixSpawn(out int pid, string path, nint fileActions, nint attributes, string?[] arguments, string?[] environment);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int KillCall(int pid, int signal);
}

using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

/// <summary>execve(2): this process becomes another program.</summary>
public static partial class Exec
{
    /// <summary>Replaces the program, with an empty environment and three standard descriptors. THIS PROCESS'S CODE ENDS HERE.</summary>
    /// <param name="path">Absolute path of the program.</param>
    /// <param name="arguments">Arguments, the program's name not among them.</param>
    /// <param name="standardInput">Becomes descriptor 0.</param>
    /// <param name="standardOutput">Becomes descriptor 1.</param>
    /// <exception cref="ErrnoException">The program cannot be started; descriptors 0 and 1 are the new ones already.</exception>
    public static void Replace(string path, IReadOnlyList<string> arguments, FileDescriptor standardInput, FileDescriptor standardOutput)
    {
        if (Dup2(standardInput, 0) < 0 || Dup2(standardOutput, 1) < 0) throw ErrnoException.Last("dup2", path);
        _ = Execve(path, [path, .. arguments, null], [null]);
        throw ErrnoException.Last("execve", path);
    }

    /// <summary>Becomes the init of another root file system. THIS PROCESS'S CODE ENDS HERE.</summary>
    /// <param name="path">Absolute path of the program.</param>
    /// <param name="environment">The whole environment, NAME=value.</param>
    /// <param name="console">Device that becomes the three standard descriptors; one that cannot be opened leaves them as they are.</param>
    /// <exception cref="ErrnoException">The program cannot be started.</exception>
    public static void Become(string path, IReadOnlyList<string> environment, string console)
    {
        var device = Open(console, (int)OpenFlag.O_RDWR);
        for (var descriptor = 0; device >= 0 && descriptor <= 2; descriptor++) _ = Dup2Number(device, descriptor);
        // The .NET runtime ignores SIGPIPE, and what is ignored stays so: other handlers go with the program.
        _ = Signal(SIGPIPE, DefaultAction);
        _ = Execve(path, [path, null], [.. environment, null]);
        throw ErrnoException.Last("execve", path);
    }

    /// <summary>Starts a program anew in this process, with its standard descriptors and an empty environment. THIS PROCESS'S CODE ENDS HERE.</summary>
    /// <param name="path">Absolute path of the program.</param>
    /// <param name="arguments">All of them, the name it is called by first.</param>
    /// <exception cref="ErrnoException">The program cannot be started.</exception>
    public static void Again(string path, IReadOnlyList<string> arguments)
    {
        _ = Execve(path, [.. arguments, null], [null]);
        throw ErrnoException.Last("execve", path);
    }

    private const int SIGPIPE = 13;
    private const nint DefaultAction = 0; // SIG_DFL

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static partial int Dup2Number(int from, int to);

    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)]
    private static partial nint Signal(int number, nint action);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static partial int Dup2(FileDescriptor from, int to);

    [LibraryImport("libc", EntryPoint = "execve", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execve(string path, string?[] arguments, string?[] environment);
}

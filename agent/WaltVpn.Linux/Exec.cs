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

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static partial int Dup2(FileDescriptor from, int to);

    [LibraryImport("libc", EntryPoint = "execve", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execve(string path, string?[] arguments, string?[] environment);
}

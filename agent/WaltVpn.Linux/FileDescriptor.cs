using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace WaltVpn.Linux;

/// <summary>An open file description of ours: closed once, by its one owner. read(2), write(2), fcntl(2), statx(2), pipe2(2).</summary>
public sealed partial class FileDescriptor : SafeHandleMinusOneIsInvalid
{
    internal FileDescriptor(int number, bool ownsHandle)
        : base(ownsHandle) => SetHandle(number);

    /// <summary>The descriptor's number, for messages and for <c>/proc/PID/fd</c>.</summary>
    internal int Number => (int)handle;

    /// <summary>A descriptor this process was started with, 0 for standard input and so on. Not closed with the object.</summary>
    public static FileDescriptor Inherited(int number) => new(number, ownsHandle: false);

    /// <summary>Takes what a system call has just returned, right after it.</summary>
    /// <remarks>
    /// Calls are declared as <c>int</c>, never as a handle: a C function that returns an int leaves the upper half of the register undefined,
    /// and -1 would not be seen in a handle's 64 bits.
    /// </remarks>
    /// <exception cref="ErrnoException">The number is negative: the call failed.</exception>
    internal static FileDescriptor Own(int number, string call, string subject) =>
        number >= 0 ? new FileDescriptor(number, ownsHandle: true) : throw ErrnoException.Last(call, subject);

    /// <summary>A new pipe, both ends blocking and close-on-exec, owned by the caller.</summary>
    public static (FileDescriptor Reader, FileDescriptor Writer) Pipe()
    {
        Span<int> ends = stackalloc int[2];
        if (Pipe2(ends, (int)OpenFlag.O_CLOEXEC) < 0) throw ErrnoException.Last("pipe2", "O_CLOEXEC");
        return (new FileDescriptor(ends[0], ownsHandle: true), new FileDescriptor(ends[1], ownsHandle: true));
    }

    /// <summary>Reads once, again after EINTR. An error comes back as a value.</summary>
    public Transfer TryRead(Span<byte> buffer)
    {
        while (true)
        {
            var count = ReadOnce(this, buffer, (nuint)buffer.Length);
            if (count >= 0) return new Transfer((int)count, null);
            var error = (Errno)Marshal.GetLastPInvokeError();
            if (error != Errno.EINTR) return new Transfer(0, error);
        }
    }

    /// <summary>Writes once, again after EINTR; may write less than all to a stream. An error comes back as a value.</summary>
    public Transfer TryWrite(ReadOnlySpan<byte> buffer)
    {
        while (true)
        {
            var count = WriteOnce(this, buffer, (nuint)buffer.Length);
            if (count >= 0) return new Transfer((int)count, null);
            var error = (Errno)Marshal.GetLastPInvokeError();
            if (error != Errno.EINTR) return new Transfer(0, error);
        }
    }

    /// <summary>Reads once and waits for data if the descriptor blocks.</summary>
    /// <returns>Bytes read; 0 when the other side closed.</returns>
    public int Read(Span<byte> buffer)
    {
        var read = TryRead(buffer);
        return read.Error is { } error ? throw new ErrnoException("read", Subject, error) : read.Count;
    }

    /// <summary>Writes all of it to a blocking descriptor.</summary>
    /// <exception cref="ErrnoException">EPIPE: nobody reads any more.</exception>
    public void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var written = TryWrite(buffer);
            if (written.Error is { } error) throw new ErrnoException("write", Subject, error);
            buffer = buffer[written.Count..];
        }
    }

    /// <summary>O_NONBLOCK. It belongs to the open file description: every process that shares it sees the change.</summary>
    public bool NonBlocking
    {
        get => (StatusFlags & (int)OpenFlag.O_NONBLOCK) != 0;
        set
        {
            var flags = value ? StatusFlags | (int)OpenFlag.O_NONBLOCK : StatusFlags & ~(int)OpenFlag.O_NONBLOCK;
            Check(Control(this, (int)FcntlCommand.F_SETFL, flags), "F_SETFL");
        }
    }

    /// <summary>FD_CLOEXEC: children started by exec do not get this descriptor.</summary>
    internal bool CloseOnExec => (Check(Control(this, (int)FcntlCommand.F_GETFD, 0), "F_GETFD") & (int)DescriptorFlag.FD_CLOEXEC) != 0;

    /// <summary>It was opened for reading.</summary>
    public bool Readable => (StatusFlags & (int)OpenFlag.O_ACCMODE) != (int)OpenFlag.O_WRONLY;

    /// <summary>It was opened for writing.</summary>
    public bool Writable => (StatusFlags & (int)OpenFlag.O_ACCMODE) != (int)OpenFlag.O_RDONLY;

    /// <summary>Capacity of a pipe, bytes. The kernel rounds up to a power of two; above <c>/proc/sys/fs/pipe-max-size</c> it answers EPERM.</summary>
    public int PipeSize
    {
        get => Check(Control(this, (int)FcntlCommand.F_GETPIPE_SZ, 0), "F_GETPIPE_SZ");
        set => Check(Control(this, (int)FcntlCommand.F_SETPIPE_SZ, value), "F_SETPIPE_SZ");
    }

    /// <summary>What the descriptor refers to.</summary>
    public FileType Type => TypeAt(Number, "", (int)AtFlag.AT_EMPTY_PATH);

    /// <summary>User id of the owner of what the descriptor refers to.</summary>
    public uint Owner => StatusAt(Number, "", (int)AtFlag.AT_EMPTY_PATH, StatxMask.STATX_UID).stx_uid;

    /// <summary>What stands at an absolute path; of a symbolic link, the link itself.</summary>
    /// <exception cref="ErrnoException">ENOENT: nothing.</exception>
    internal static FileType TypeOf(string path) => TypeAt((int)AtFlag.AT_FDCWD, path, (int)AtFlag.AT_SYMLINK_NOFOLLOW);

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Close((int)handle) == 0;

    // statx(2), because struct stat differs between architectures.
    private static FileType TypeAt(int directory, string path, int flags) =>
        (FileType)(StatusAt(directory, path, flags, StatxMask.STATX_TYPE).stx_mode & (int)ModeMask.S_IFMT);

    private static unsafe StatxBuffer StatusAt(int directory, string path, int flags, StatxMask what)
    {
        StatxBuffer buffer;
        // Safe: the kernel writes sizeof(struct statx) bytes, which StatxBuffer has.
        if (Statx(directory, path, flags, (uint)what, &buffer) < 0)
            throw ErrnoException.Last("statx", path.Length > 0 ? path : $"descriptor {directory}");
        return buffer;
    }

    private string Subject => $"descriptor {Number}";

    private int StatusFlags => Check(Control(this, (int)FcntlCommand.F_GETFL, 0), "F_GETFL");

    private int Check(int result, string command) => result >= 0 ? result : throw ErrnoException.Last("fcntl", $"{Subject}, {command}");

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint ReadOnce(FileDescriptor descriptor, Span<byte> buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteOnce(FileDescriptor descriptor, ReadOnlySpan<byte> buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(FileDescriptor descriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    private static partial int Pipe2(Span<int> ends, int flags);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(int directory, string path, int flags, uint mask, StatxBuffer* buffer);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}

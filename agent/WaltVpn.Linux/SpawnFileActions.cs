using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

/// <summary>posix_spawn_file_actions_t: what happens to descriptors between fork and exec.</summary>
internal sealed partial class SpawnFileActions : IDisposable
{
    private readonly List<SafeHandle> _held = [];

    public SpawnFileActions()
    {
        Pointer = Marshal.AllocHGlobal(Marshal.SizeOf<SpawnFileActionsBuffer>());
        Check(Init(Pointer), "posix_spawn_file_actions_init");
    }

    public nint Pointer { get; }

    /// <summary>The child's descriptor <paramref name="descriptor"/> is the file, read and write.</summary>
    public void Open(int descriptor, string path)
    {
        Check(AddOpen(Pointer, descriptor, path, (int)OpenFlag.O_RDWR, 0), "posix_spawn_file_actions_addopen");
    }

    /// <summary>The child's descriptor <paramref name="descriptor"/> is a copy of the handle, not close-on-exec.</summary>
    public void Duplicate(SafeHandle handle, int descriptor)
    {
        // The number stays valid until Dispose: the reference is held over the spawn.
        var held = false;
        handle.DangerousAddRef(ref held);
        _held.Add(handle);
        Check(AddDup2(Pointer, (int)handle.DangerousGetHandle(), descriptor), "posix_spawn_file_actions_adddup2");
    }

    public void Dispose()
    {
        _ = Destroy(Pointer);
        Marshal.FreeHGlobal(Pointer);
        foreach (var handle in _held) handle.DangerousRelease();
    }

    private static void Check(int error, string call)
    {
        if (error != 0) throw new ErrnoException(call, "", (Errno)error);
    }

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int Init(nint actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial int Destroy(nint actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddOpen(nint actions, int descriptor, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static partial int AddDup2(nint actions, int from, int to);
}

using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

/// <summary>posix_spawnattr_t: the child starts with default handlers (the .NET runtime ignores SIGPIPE) and no signal blocked.</summary>
internal sealed partial class SpawnAttributes : IDisposable
{
    public SpawnAttributes()
    {
        Pointer = Marshal.AllocHGlobal(Marshal.SizeOf<SpawnAttributesBuffer>());
        Check(Init(Pointer), "posix_spawnattr_init");
        Span<byte> all = stackalloc byte[Marshal.SizeOf<SignalSetBuffer>()];
        all.Fill(0xFF);
        Check(SetSigDefault(Pointer, all), "posix_spawnattr_setsigdefault");
        Span<byte> none = stackalloc byte[all.Length];
        none.Clear();
        Check(SetSigMask(Pointer, none), "posix_spawnattr_setsigmask");
        Check(SetFlags(Pointer, (short)(SpawnFlag.POSIX_SPAWN_SETSIGDEF | SpawnFlag.POSIX_SPAWN_SETSIGMASK)), "posix_spawnattr_setflags");
    }

    public nint Pointer { get; }

    public void Dispose()
    {
        _ = Destroy(Pointer);
        Marshal.FreeHGlobal(Pointer);
    }

    private static void Check(int error, string call)
    {
        if (error != 0) throw new ErrnoException(call, "", (Errno)error);
    }

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static partial int Init(nint attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static partial int Destroy(nint attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    private static partial int SetSigDefault(nint attributes, Span<byte> signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    private static partial int SetSigMask(nint attributes, Span<byte> signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static partial int SetFlags(nint attributes, short flags);
}

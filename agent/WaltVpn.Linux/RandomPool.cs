using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace WaltVpn.Linux;

/// <summary>The kernel's random generator, random(4).</summary>
public static partial class RandomPool
{
    // Both devices mix into the one pool and take the same requests.
    private const string Pool = "/dev/urandom";
    private const string Generator = "/dev/random";

    /// <summary>Mixes bytes into the input pool, without claiming that they are random. They count from the next <see cref="Reseed"/> on.</summary>
    public static void MixIn(ReadOnlySpan<byte> bytes)
    {
        using var pool = File.OpenHandle(Pool, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        RandomAccess.Write(pool, bytes, 0);
    }

    /// <summary>Makes the generator take a new key from the pool now, instead of when its timer says so.</summary>
    /// <exception cref="ErrnoException">EPERM without CAP_SYS_ADMIN; ENODATA before the generator was seeded.</exception>
    public static void Reseed()
    {
        using var pool = File.OpenHandle(Generator, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        if (Ioctl(pool, (nuint)RandomRequest.RNDRESEEDCRNG) < 0) throw ErrnoException.Last("RNDRESEEDCRNG", Generator);
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(SafeFileHandle descriptor, nuint request);
}

/// <summary>linux/random.h.</summary>
internal enum RandomRequest
{
    RNDRESEEDCRNG = 0x5207,
}

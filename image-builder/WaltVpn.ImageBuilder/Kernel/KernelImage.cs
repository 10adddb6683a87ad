using WaltVpn.ImageBuilder.Boards;
using WaltVpn.ImageBuilder.HostTools;

namespace WaltVpn.ImageBuilder.Kernel;

/// <summary>Brings a kernel's image into the form that a boot loader takes.</summary>
internal sealed class KernelImage(HostToolbox tools)
{
    /// <summary>Documentation/arch/arm64/booting.rst: the magic number of a plain image.</summary>
    private const int Arm64MagicOffset = 0x38;

    private static ReadOnlySpan<byte> Arm64Magic => "ARM\x64"u8;

    /// <summary>Reads it, or makes it.</summary>
    /// <param name="path">As the package has it; may be gone afterwards.</param>
    /// <exception cref="ImageException">It is of another kind than the boot loader starts.</exception>
    public async Task<byte[]> ReadAsync(string path, BootLoader loader, CancellationToken cancellation)
    {
        if (loader is not PiFirmware) return await File.ReadAllBytesAsync(path, cancellation);
        if (!await IsPlainArm64Async(path, cancellation))
            throw new ImageException("the kernel of these packages is no plain arm64 image; the firmware of a Raspberry Pi starts no other");
        // -n: neither name nor date in the file.
        await tools.RunAsync(HostTool.Gzip, ["-9", "-n", "-f", path], cancellation);
        return await File.ReadAllBytesAsync($"{path}.gz", cancellation);
    }

    private static async Task<bool> IsPlainArm64Async(string path, CancellationToken cancellation)
    {
        using var file = File.OpenHandle(path);
        var header = new byte[Arm64MagicOffset + Arm64Magic.Length];
        return await RandomAccess.ReadAsync(file, header, 0, cancellation) == header.Length && header.AsSpan(Arm64MagicOffset).SequenceEqual(Arm64Magic);
    }
}

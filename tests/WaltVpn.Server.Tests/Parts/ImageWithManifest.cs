using WaltVpn.Protocol;

namespace WaltVpn.Server.Tests.Parts;

/// <summary>A boot.img with a manifest, made by the tools of the image builder, as small as FAT16 may be.</summary>
internal static class ImageWithManifest
{
    private const int Bytes = 2_200 * 1024;

    /// <summary>Makes one.</summary>
    /// <param name="epoch">Of its manifest, like the next.</param>
    /// <param name="built">Seconds since 1970.</param>
    public static async Task<byte[]> Make(long epoch, long built)
    {
        var folder = Directory.CreateTempSubdirectory("waltvpn-image-").FullName;
        try
        {
            var (image, manifest) = (Path.Combine(folder, "boot.img"), Path.Combine(folder, BootManifest.FileName));
            await File.WriteAllBytesAsync(image, new byte[Bytes]);
            await File.WriteAllBytesAsync(manifest, new BootManifest
            {
                Version = BootManifest.CurrentVersion,
                Board = "qemu-x64",
                Epoch = epoch,
                BuildTime = DateTimeOffset.FromUnixTimeSeconds(built),
                Kernel = "vmlinuz",
                Initramfs = "initramfs.zst",
                CommandLine = "cmdline.txt",
            }.ToBytes());
            await Shell.Run("mkfs.vfat", ["--invariant", "-F", "16", "-S", "512", "-s", "1", image]);
            await Shell.Run("mcopy", ["-i", image, manifest, "::/"]);
            return await File.ReadAllBytesAsync(image);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

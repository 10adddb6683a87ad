using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Shouldly;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Tests.Unit.BootFiles;

/// <summary>A boot.img as the image builder makes it, by the same tools, and its boot.sig. As small as FAT16 may be: 4,200 clusters of one sector.</summary>
internal sealed record SignedImage(byte[] Content, SignatureFile Signature)
{
    public const string Board = "qemu-x64";
    private const int Bytes = 2_200 * 1024;

    /// <summary>The platform's key, and one of somebody else.</summary>
    public static readonly RSA Key = RSA.Create(2048), OtherKey = RSA.Create(2048);

    public string Sha256 => Signature.Sha256;

    /// <summary>Makes one.</summary>
    /// <param name="kernel">What is in its kernel's file.</param>
    /// <param name="manifest">Of the image; null: with the defaults.</param>
    public static SignedImage Make(string kernel, BootManifest? manifest = null, RSA? key = null)
    {
        var folder = Directory.CreateTempSubdirectory("waltvpn-image-").FullName;
        try
        {
            var image = Path.Combine(folder, "boot.img");
            File.WriteAllBytes(image, new byte[Bytes]);
            Run("mkfs.vfat", "--invariant", "-F", "16", "-S", "512", "-s", "1", "-n", "WALT_VPN", image);
            var files = new Dictionary<string, byte[]>
            {
                [BootManifest.FileName] = (manifest ?? Manifest()).ToBytes(),
                ["vmlinuz"] = Encoding.ASCII.GetBytes(kernel),
                ["initramfs.zst"] = [.. Enumerable.Range(0, 5000).Select(i => (byte)(i * 7))],
                ["cmdline.txt"] = "console=ttyS0 panic=10\n"u8.ToArray(),
                ["empty"] = [],
            };
            foreach (var (name, content) in files)
            {
                File.WriteAllBytes(Path.Combine(folder, name), content);
                Run("mcopy", "-i", image, Path.Combine(folder, name), "::/");
            }

            Run("mmd", "-i", image, "::/overlays");
            return Sign(File.ReadAllBytes(image), key ?? Key);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public static SignedImage Sign(byte[] content, RSA key)
    {
        var signature = key.SignData(content, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return new SignedImage(content, new SignatureFile(Convert.ToHexStringLower(SHA256.HashData(content)), 1_800_000_000, null, signature));
    }

    public static BootManifest Manifest(long epoch = 0, string board = Board) => new()
    {
        Version = 1,
        Board = board,
        Epoch = epoch,
        BuildTime = DateTimeOffset.UnixEpoch,
        Kernel = "vmlinuz",
        Initramfs = "initramfs.zst",
        CommandLine = "cmdline.txt",
    };

    private static void Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var said = process.StandardError.ReadToEnd() + process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        process.ExitCode.ShouldBe(0, $"{program}: {said}");
    }
}

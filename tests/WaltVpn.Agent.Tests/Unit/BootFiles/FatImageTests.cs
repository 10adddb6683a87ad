using System.Text;
using Shouldly;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.BootFiles;

/// <summary>File systems of mkfs.vfat and mtools; then the same with any bytes changed.</summary>
public sealed class FatImageTests : IDisposable
{
    private static readonly SignedImage Image = SignedImage.Make("kernel " + new string('k', 3000));

    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void FilesWithShortLongAndEmptyContentAreRead()
    {
        using var files = Open(Image.Content);
        Encoding.ASCII.GetString(files.ReadAll("VMLINUZ", 10_000)).ShouldBe("kernel " + new string('k', 3000));
        files.ReadAll("initramfs.zst", 10_000).ShouldBe([.. Enumerable.Range(0, 5000).Select(i => (byte)(i * 7))]);
        files.ReadAll("empty", 0).ShouldBeEmpty();
        Should.Throw<FileNotFoundException>(() => files.ReadAll("overlays", 10));
        Should.Throw<FormatException>(() => files.ReadAll("initramfs.zst", 4999)).Message.ShouldContain("more than 4999 bytes");
    }

    [Fact]
    public void ChangedBytesNeverMakeItLoopOrGrow()
    {
        var random = new Random(3);
        for (var round = 0; round < 2000; round++)
        {
            var content = Image.Content[..(round % 7 == 0 ? random.Next(40_000) : 60_000)];
            for (var changes = random.Next(1, 6); changes > 0 && content.Length > 0; changes--)
                content[random.Next(4) == 0 ? random.Next(content.Length) : random.Next(Math.Min(64, content.Length))] = (byte)random.Next(256);
            try
            {
                using var files = Open(content);
                files.ReadAll(BootManifest.FileName, BootManifest.MaxLength).Length.ShouldBeLessThanOrEqualTo(BootManifest.MaxLength);
                files.ReadAll("initramfs.zst", 100_000).Length.ShouldBeLessThanOrEqualTo(100_000);
            }
            catch (Exception refusal) when (refusal is FormatException or FileNotFoundException or EndOfStreamException)
            {
            }
        }
    }

    private FatImage Open(byte[] content)
    {
        File.WriteAllBytes(_path, content);
        var file = File.OpenRead(_path);
        try
        {
            return FatImage.Open(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}

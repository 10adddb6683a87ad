using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using Xunit;

namespace WaltVpn.Integration.Tests.Qemu;

/// <summary>
/// A card that is written once, and starts what the server publishes (docs/images.md "Two stages").
/// <code>
/// QEMU: BIOS ▸ syslinux ▸ kernel ▸ waltvpn-agent ▸ kexec ▸ kernel ▸ waltvpn-agent       server
///   e1000 ── br-site ──────────── boot.img over HTTP ─────────────────────────────────── 203.0.113.1:80 ▸ waltvpnd
///            └──────────────────────────────────────── tunnel ────────────────────────── sshd
/// </code>
/// </summary>
public sealed class TwoStageBootTests(RunningPlatform platform) : PlatformTest(platform)
{
    private const string Board = "qemu-x64";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task NewImageIsTakenAndKeptAndABadOneIsLeftForIt()
    {
        await PublishedImage.MakeKey();
        var card = await NodeImage.CardInOneStep("node24");
        var image = await NodeImage.BootImage(Board);
        await PublishedImage.Publish(Board, image);

        string name;
        using (var entrypoint = await PublishedImage.Entrypoint())
        {
            await using var board = await VirtualBoard.PowerOn("node24", card);
            name = (await board.Join()).Name;
            await board.Console.Await("bootfiles: starting boot image [0-9a-f]{16}, epoch 0, .*: the server's image is new", Patience);
            await board.Console.Await("bootfiles: this is boot image [0-9a-f]{16}, on trial", Patience);
            await board.Console.Await("bootfiles: boot image [0-9a-f]{16} has come in and is good", Patience);
            await board.Console.Await("bootfiles: this is the boot image that the server names: [0-9a-f]{16}, epoch 0", Patience);
            await Shows(name, "current");
            KernelStarts(board).ShouldBe(2);
            entrypoint.Kill(entireProcessTree: true);
        }

        await using (var board = await VirtualBoard.PowerOn("node24", card))
        {
            // No server for boot files.
            (await board.Online()).Name.ShouldBe(name);
            board.Console.Text.ShouldContain("bootfiles: starting boot image");
            board.Console.Text.ShouldContain(": the server names none");
            KernelStarts(board).ShouldBe(2);
        }

        await PublishedImage.Publish(Board, await WithoutInit(image));
        using (var entrypoint = await PublishedImage.Entrypoint())
        {
            await using (var board = await VirtualBoard.PowerOn("node24", card))
            {
                await board.Console.Await("the server's image is new", Patience);
                await board.Console.Await("Kernel panic", Patience);
                // panic=10
                await board.Off();
            }

            await using (var board = await VirtualBoard.PowerOn("node24", card))
            {
                (await board.Online()).Name.ShouldBe(name);
                board.Console.Text.ShouldContain("the server's image was started, for the first time, and did not come in");
                KernelStarts(board).ShouldBe(2);
                // An alarm in the first quarter of an hour after a publication or a start, and a remark later: how long this machine takes is not known.
                await board.Console.Await("bootfiles: (this boot image .* is not the server's newest|the server has a newer boot image)", Patience);
                await Shows(name, "older", "behind");
                board.Console.Text.ShouldNotContain("internal error");
            }

            entrypoint.Kill(entireProcessTree: true);
        }
    }

    /// <summary>The server knows what the node runs, and what that means.</summary>
    private static Task Shows(string name, params string[] standings)
    {
        return Eventually.Holds($"{name} shows its boot image as {string.Join(" or ", standings)}", IsShown);

        async Task<bool> IsShown()
        {
            var shown = (await RunningPlatform.Cli("node", "show", name, "-o", "json")).Output;
            return standings.Any(standing => shown.Contains($"\"standing\": \"{standing}\"", StringComparison.Ordinal));
        }
    }

    private static int KernelStarts(VirtualBoard board) => board.Console.Text.Split("Linux version").Length - 1;

    // Signed by the operator, and no good.
    private static async Task<string> WithoutInit(string image)
    {
        var bad = RunningPlatform.File("bad.img");
        var initramfs = RunningPlatform.File("bad-initramfs");
        File.Copy(image, bad, overwrite: true);
        await File.WriteAllTextAsync(initramfs, "no archive", Cancellation);
        await Tool.Succeed("mcopy", "-o", "-i", bad, initramfs, "::/initramfs.zst");
        return bad;
    }
}

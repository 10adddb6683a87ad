using System.Text;

namespace WaltVpn.ImageBuilder.Tests.Qemu;

/// <summary>
/// The image boots from itself, as an operator would start it:
/// <code>
///   BIOS ▶ MBR ▶ SYSLINUX ▶ kernel + initramfs ▶ /init ▶ boot-probe.c in the agent's place ▶ serial console ▶ this test
/// </code>
/// </summary>
public sealed class BootTests(ImageFixture fixture)
{
    /// <summary>A boot takes 10 to 20 s without kvm; busy machines take longer.</summary>
    private static readonly TimeSpan _deadline = TimeSpan.FromSeconds(240);

    public static TheoryData<string, string, string[]> Machines => new()
    {
        { "sda", "e1000", ["-drive", "file=IMAGE,format=raw"] },
        { "sda", "e1000e", ["-machine", "q35", "-drive", "file=IMAGE,format=raw"] },
        { "vda", "virtio_net", ["-drive", "file=IMAGE,format=raw,if=virtio", "-nic", "user,model=virtio-net-pci", "-device", "virtio-rng-pci"] },
    };

    [Theory]
    [MemberData(nameof(Machines))]
    public async Task TheBoardBootsFindsItsDevicesAndKeepsItsState(string disk, string network, string[] machine)
    {
        HostProgram.Require("qemu-system-x86_64");
        await fixture.BuiltAsync();
        using var folder = new TemporaryFolder();
        await HostProgram.CheckAsync("cp", ["--sparse=always", fixture.Image, folder["card.img"]]);
        var arguments = machine.Select(argument => argument.Replace("IMAGE", folder["card.img"], StringComparison.Ordinal)).ToList();

        var first = await BootAsync(arguments);
        first.ShouldContain("PROBE process 1");
        first.ShouldContain($"PROBE boot partition /dev/{disk}1");
        first.ShouldContain($"PROBE state partition /dev/{disk}2");
        first.ShouldContain($"PROBE network {network}");
        first.ShouldContain("PROBE tun");
        first.ShouldContain("PROBE udhcpc");
        first.ShouldContain("PROBE dhcp-event /bin/waltvpn-agent");
        first.ShouldContain(line => line.StartsWith("PROBE ssh OpenSSH_", StringComparison.Ordinal));
        first.ShouldContain(line => line.StartsWith("PROBE key 256 SHA256:", StringComparison.Ordinal));
        var kernel = first.Single(line => line.StartsWith("PROBE \"kernel\":", StringComparison.Ordinal)).Split('"', ' ');
        kernel[^1].ShouldBe(kernel[^3]);
        first.ShouldContain("PROBE earlier boots:");
        first.ShouldContain("PROBE unmounted");

        (await BootAsync(arguments)).ShouldContain("PROBE earlier boots: seen");
    }

    /// <returns>The console's lines up to the probe's last one.</returns>
    private static async Task<List<string>> BootAsync(List<string> machine)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(_deadline);
        using var qemu = HostProgram.Start("qemu-system-x86_64", ["-m", "512", "-accel", "tcg,thread=multi", "-nographic", "-no-reboot", .. machine]);
        var console = new StringBuilder();
        try
        {
            while (await qemu.StandardOutput.ReadLineAsync(deadline.Token) is { } line) console.AppendLine(line.Trim());
            await qemu.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"no power off within {_deadline}:\n{console}");
        }
        finally
        {
            if (!qemu.HasExited) qemu.Kill();
        }

        var lines = console.ToString().Split('\n').ToList();
        lines.ShouldContain("PROBE end", console + await qemu.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        return lines;
    }
}

using System.Diagnostics;
using Shouldly;
using WaltVpn.Agent.Startup;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Startup;

/// <summary>The labels are read from file systems that the real mkfs programs made.</summary>
public sealed class VolumeTests
{
    [Theory]
    [InlineData("mkfs.vfat", "-F 32 -n WALT_VPN -C {0} 40000", "WALT_VPN")]
    [InlineData("mkfs.vfat", "-F 16 -n WALT_VPN -C {0} 20000", "")]
    [InlineData("mke2fs", "-q -t ext4 -L WALT_VPN_STATE {0} 8M", "WALT_VPN_STATE")]
    [InlineData("mke2fs", "-q -t ext4 {0} 8M", "")]
    public void TheLabelIsFoundWhereMkfsWroteIt(string tool, string arguments, string label)
    {
        var image = Path.GetTempFileName();
        File.Delete(image);
        try
        {
            var start = new ProcessStartInfo($"/sbin/{tool}", string.Format(null, arguments, image))
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using var mkfs = Process.Start(start)!;
            mkfs.WaitForExit();
            mkfs.ExitCode.ShouldBe(0);
            var header = new byte[2048];
            using (var file = File.OpenRead(image)) file.ReadExactly(header);
            Volume.LabelIn(header).ShouldBe(label);
        }
        finally
        {
            File.Delete(image);
        }
    }

    [Fact]
    public void GarbageAndShortDevicesHaveNoLabel()
    {
        Volume.LabelIn([]).ShouldBe("");
        Volume.LabelIn(new byte[100]).ShouldBe("");
        var random = new Random(20261120);
        for (var i = 0; i < 10_000; i++)
        {
            var noise = new byte[2048];
            random.NextBytes(noise);
            Volume.LabelIn(noise);
        }
    }
}

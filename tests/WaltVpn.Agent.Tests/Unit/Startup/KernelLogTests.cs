using System.Text;
using Shouldly;
using WaltVpn.Agent.Startup;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Startup;

public sealed class KernelLogTests
{
    [Fact]
    public void ARecordIsOneLineWithPriorityAndStage() =>
        Encoding.UTF8.GetString(KernelLog.Record(4, BootStage.Network, "no cable\nreally")).ShouldBe("<4>walt-vpn network: no cable really\n");

    [Fact]
    public void ALongTextIsCutToWhatTheKernelTakes() => KernelLog.Record(6, BootStage.Tunnel, new string('x', 5000)).Length.ShouldBe(901);
}

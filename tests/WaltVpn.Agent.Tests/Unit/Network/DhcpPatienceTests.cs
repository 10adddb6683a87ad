using Shouldly;
using WaltVpn.Agent.Network;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Network;

public sealed class DhcpPatienceTests
{
    [Fact]
    public void PlatformIsAskedEverMoreRarely()
    {
        Enumerable.Range(0, 12).Select(DhcpPatience.Seconds).ShouldBe([2, 3, 4, 6, 9, 16, 25, 36, 64, 100, 100, 100]);
        DhcpPatience.Growing(1).ShouldBe(["-t", "1", "-T", "3", "-n"]);
        DhcpPatience.Growing(int.MaxValue)[3].ShouldBe("100");
    }
}

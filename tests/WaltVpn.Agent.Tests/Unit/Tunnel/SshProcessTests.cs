using Shouldly;
using WaltVpn.Agent.Tunnel;
using WaltVpn.Linux;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Tunnel;

public sealed class SshProcessTests
{
    [Theory]
    [InlineData("walt-vpn@10.0.0.1: Permission denied (publickey).", "refused this node's key")]
    [InlineData("Host key verification failed.", "another host key")]
    [InlineData("tunnel refused: open(/dev/net/tun): EACCES: Permission denied", "/dev/net/tun")]
    [InlineData("ssh: connect to host 10.0.0.1 port 22: Connection refused", "Connection refused")]
    [InlineData("", "exit status 255")]
    public void TheReasonIsInTheReadersTerms(string message, string reason) => SshProcess.Explain(message, new ExitStatus(255, 0)).ShouldContain(reason);
}

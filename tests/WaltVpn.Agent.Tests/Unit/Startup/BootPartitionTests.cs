using System.Text;
using Shouldly;
using WaltVpn.Agent.Startup;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Startup;

public sealed class BootPartitionTests
{
    private const string Good = """
        // a person may write comments
        {
          "platform": "lab",
          "sshEntrypoints": ["vpn.example.org", "[2001:db8::1]:2222"],
          "hostKeys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJx5n0qZbQyU2YcXb1v0oQm0YyQZqk0oW2yqYJp0v0aB"],
          "enrollmentKey": "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n",
        }
        """;

    [Fact]
    public void SettingsWithCommentsAndTrailingCommasAreRead()
    {
        var settings = BootPartition.Parse(Encoding.UTF8.GetBytes(Good));
        settings.Platform.ShouldBe("lab");
        settings.SshEntrypoints.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData("\"platform\"", "\"platfrom\"", "platfrom")]
    [InlineData("vpn.example.org", "-oProxyCommand=x", "-oProxyCommand=x")]
    [InlineData("vpn.example.org", "vpn.example.org:99999", "vpn.example.org:99999")]
    [InlineData("ssh-ed25519 AAAA", "ssh-rsa AAAA", "hostKeys")]
    [InlineData("ssh-ed25519 AAAA", "ssh-ed25519 %%%%", "hostKeys")]
    [InlineData("\"lab\"", "null", "platform")]
    [InlineData("\"lab\"", "\"my lab\"", "my lab")]
    [InlineData("[\"vpn.example.org\", \"[2001:db8::1]:2222\"]", "null", "sshEntrypoints")]
    [InlineData("\"vpn.example.org\"", "null", "sshEntrypoints")]
    [InlineData("[\"ssh-ed25519", "[null, \"ssh-ed25519", "hostKeys")]
    [InlineData("\"lab\",", "\"lab\"", "walt-vpn.json")]
    [InlineData("[\"vpn.example.org\", \"[2001:db8::1]:2222\"]", "[]", "sshEntrypoints is empty")]
    public void AMistakeIsNamed(string correct, string wrong, string named)
    {
        var settings = Encoding.UTF8.GetBytes(Good.Replace(correct, wrong, StringComparison.Ordinal));
        Should.Throw<StageException>(() => BootPartition.Parse(settings)).Message.ShouldContain(named);
    }

    [Fact]
    public void AMissingSettingIsNamed() =>
        Should.Throw<StageException>(() => BootPartition.Parse("{}"u8)).Message.ShouldContain("sshEntrypoints");

    [Fact]
    public void TheEnrolmentKeyIsNotPrintedWithTheSettings() => BootPartition.Parse(Encoding.UTF8.GetBytes(Good)).ToString().ShouldNotContain("BEGIN OPENSSH");

    [Fact]
    public void HostileSettingsAreRefusedNeverWorse()
    {
        var random = new Random(20261120);
        var good = Encoding.UTF8.GetBytes(Good);
        for (var i = 0; i < 100_000; i++)
        {
            var bytes = good.ToArray();
            for (var flips = random.Next(1, 6); flips > 0; flips--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                BootPartition.Parse(bytes.AsSpan(0, random.Next(bytes.Length + 1)));
            }
            catch (StageException)
            {
                // The only way to say no.
            }
        }
    }
}

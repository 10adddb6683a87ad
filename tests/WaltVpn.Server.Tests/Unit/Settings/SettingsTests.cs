using Shouldly;
using WaltVpn.Server.Settings;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Settings;

/// <summary>server.yaml.</summary>
public sealed class SettingsTests
{
    [Fact]
    public void ShippedFileSaysTheDefaults()
    {
        var shipped = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "packaging/etc/server.yaml"));
        var names = "platform: waltvpn.example.org\nserverName: waltvpn.example.org\n";
        // Every commented key switched on, but the network, which has no default.
        var settings = shipped.Split('\n')
            .Where(line => line.StartsWith('#') && !(line.StartsWith("# ", StringComparison.Ordinal) && line[2] != ' '))
            .Where(line => !line.Contains("platformSubnet", StringComparison.Ordinal));
        var switchedOn = string.Join('\n', settings.Select(line => line[1..]));
        Show(SettingsFile.Parse(switchedOn)).ShouldBe(Show(SettingsFile.Parse(names)));
        Show(SettingsFile.Parse(names + shipped)).ShouldBe(Show(SettingsFile.Parse(names)));

        static string Show(ServerSettings settings) => $"{settings} {string.Join(',', settings.SshEntrypoints)} {string.Join(',', settings.HostKeyFiles)}"
            .Replace(settings.SshEntrypoints.GetType().ToString(), "", StringComparison.Ordinal);
    }

    [Fact]
    public void LanFaceIsOffUnlessItHasAnAddress()
    {
        SettingsFile.Parse("serverName: srv.example.org").Lan.ShouldBeNull();
        var lan = SettingsFile.Parse("serverName: srv.example.org\nplatformSubnet: 10.0.0.0/24\nlan: { address: 10.0.0.1 }").Lan.ShouldNotBeNull();
        lan.EndPoint.ToString().ShouldBe("10.0.0.1:80");
        lan.LeaseFile.ShouldBeNull();
    }

    [Theory]
    [InlineData("platfrom: x", "unknown key 'platfrom'; did you mean 'platform'?")]
    [InlineData("http: { prot: 80 }", "unknown key 'http.prot'; did you mean 'http.port'?")]
    [InlineData("http: { port: 65536 }", "http.port: '65536' cannot be used; expected a whole number from 0 to 65535")]
    [InlineData("certificateLifeDays: 0", "certificateLifeDays: '0'")]
    [InlineData("certificateLifeDays: forever", "certificateLifeDays: 'forever'")]
    [InlineData("enrollment: { remote: auto }", "enrollment.remote: 'auto' cannot be used; expected manual or token or deny")]
    [InlineData("platform: Upper", "platform: 'Upper'")]
    [InlineData("stateDirectory: relative", "stateDirectory: 'relative' cannot be used; expected an absolute path")]
    [InlineData("sshEntrypoints: []", "sshEntrypoints: ")]
    [InlineData("sshEntrypoints: ['-oProxyCommand=id']", "sshEntrypoints: '-oProxyCommand=id'")]
    [InlineData("platformSubnet: 10.0.0.0", "platformSubnet: '10.0.0.0'")]
    [InlineData("lan: { port: 80 }", "lan.address is missing")]
    [InlineData("lan: { leaseFile: /x }", "lan.address is missing")]
    [InlineData("lan: { address: 10.0.0.1 }", "lan.address needs platformSubnet")]
    [InlineData("{ platformSubnet: 10.0.0.0/24, lan: { address: 10.0.1.1 } }", "lan.address: '10.0.1.1' is not inside platformSubnet 10.0.0.0/24")]
    [InlineData("{ platformSubnet: 0.0.0.0/0, lan: { address: 0.0.0.0 } }", "lan.address: '0.0.0.0' cannot be used; expected an IPv4 address of this machine")]
    [InlineData("lan: { address: '::1' }", "lan.address: '::1'")]
    [InlineData("lan: { address: '10' }", "lan.address: '10'")]
    [InlineData("lan: { address: 10.0.0.1, port: 0 }", "lan.port: '0'")]
    [InlineData("lan: { address: 10.0.0.1, leaseFile: x }", "lan.leaseFile: 'x'")]
    [InlineData("{ http: { address: 10.0.0.1 }, platformSubnet: 10.0.0.0/24, lan: { address: 10.0.0.1 } }", "lan and http both name 10.0.0.1:80")]
    [InlineData("http: { entrypoint: 'Host' }", "http.entrypoint: 'Host'")]
    [InlineData("http: { entrypoint: 'host:80' }", "http.entrypoint: 'host:80'")]
    [InlineData("http: { entrypoint: 'host:8080' }", "without port: the firmware of the boards asks port 80 and no other")]
    [InlineData("leastBootloader: 2025", "leastBootloader: '2025' cannot be used; expected a day like 2025-05-08")]
    [InlineData("leastBootloader: 0001-01-01", "leastBootloader: '0001-01-01'")]
    [InlineData("bootMode: open", "bootMode: 'open' cannot be used; expected enforced or permissive")]
    [InlineData("sshUser: 'root;id'", "sshUser: 'root;id'")]
    [InlineData("a: [", "line ")]
    [InlineData("- a", "expected one document")]
    public void WrongKeyIsNamed(string yaml, string message)
    {
        // A mapping in braces stands alone; the server's name goes into it.
        var text = yaml.StartsWith('{')
            ? $"{yaml[..^1]}, serverName: srv.example.org }}"
            : "serverName: srv.example.org\n" + (yaml == "- a" ? "---\n- a" : yaml);
        Should.Throw<SettingsException>(() => SettingsFile.Parse(text)).Message.ShouldContain(message);
    }
}

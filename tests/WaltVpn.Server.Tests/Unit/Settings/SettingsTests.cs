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

    [Theory]
    [InlineData("platfrom: x", "unknown key 'platfrom'; did you mean 'platform'?")]
    [InlineData("http: { prot: 80 }", "unknown key 'http.prot'; did you mean 'http.port'?")]
    [InlineData("http: { port: 65536 }", "http.port: '65536' cannot be used; expected a whole number from 0 to 65535")]
    [InlineData("certificateLifeDays: 0", "certificateLifeDays: '0'")]
    [InlineData("certificateLifeDays: forever", "certificateLifeDays: 'forever'")]
    [InlineData("enrollment: { remote: auto }", "enrollment.remote: 'auto' cannot be used; expected manual or deny")]
    [InlineData("platform: Upper", "platform: 'Upper'")]
    [InlineData("stateDirectory: relative", "stateDirectory: 'relative' cannot be used; expected an absolute path")]
    [InlineData("sshEntrypoints: []", "sshEntrypoints: ")]
    [InlineData("sshEntrypoints: ['-oProxyCommand=id']", "sshEntrypoints: '-oProxyCommand=id'")]
    [InlineData("platformSubnet: 10.0.0.0", "platformSubnet: '10.0.0.0'")]
    [InlineData("sshUser: 'root;id'", "sshUser: 'root;id'")]
    [InlineData("a: [", "line ")]
    [InlineData("- a", "expected one document")]
    public void WrongKeyIsNamed(string yaml, string message)
    {
        var text = "serverName: srv.example.org\n" + (yaml == "- a" ? "---\n- a" : yaml);
        Should.Throw<SettingsException>(() => SettingsFile.Parse(text)).Message.ShouldContain(message);
    }
}

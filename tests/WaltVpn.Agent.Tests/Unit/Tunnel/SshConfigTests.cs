using System.Diagnostics;
using Shouldly;
using WaltVpn.Agent.Tunnel;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Tunnel;

/// <summary>ssh itself says what it understood: <c>ssh -G</c>.</summary>
public sealed class SshConfigTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("ssh-config").FullName;

    private static readonly NodeSettings Settings = new()
    {
        Platform = "lab",
        SshEntrypoints = ["vpn.example.org"],
        HostKeys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJx5n0qZbQyU2YcXb1v0oQm0YyQZqk0oW2yqYJp0v0aB"],
        EnrollmentKey = new Secret("-----BEGIN OPENSSH PRIVATE KEY-----\nsecret\n-----END OPENSSH PRIVATE KEY-----"),
    };

    private static readonly NodeIdentity Identity = new()
    {
        NodeId = new string('a', 32),
        Name = "node-1",
        VpnMac = MacAddress.Parse("52:54:00:00:00:01"),
        Certificate = "ssh-ed25519-cert-v01@openssh.com AAAA",
    };

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void TheTunnelUsesTheNodesKeyAndCertificateAndNothingElse()
    {
        var options = Understood(SshConfig.Tunnel);
        options["user"].ShouldBe("walt-vpn");
        options["identityfile"].ShouldBe("/state/node_key");
        options["certificatefile"].ShouldBe($"{_directory}/node_key-cert.pub");
        options["identitiesonly"].ShouldBe("yes");
        options["identityagent"].ShouldBe("none");
        options["ipqos"].ShouldBe("none none");
        options["compression"].ShouldBe("no");
        options["stricthostkeychecking"].ShouldBe("true");
        options["userknownhostsfile"].ShouldBe($"{_directory}/known_hosts");
        options["globalknownhostsfile"].ShouldBe("/dev/null");
        options["forwardagent"].ShouldBe("no");
        options["serveraliveinterval"].ShouldBe("15");
        options["requesttty"].ShouldBe("false");
    }

    [Fact]
    public void TheSettingsAreAskedForWithTheNodesKeyAndOneCommand()
    {
        var options = Understood(SshConfig.Settings);
        options["remotecommand"].ShouldBe(TunnelCommand.Settings);
        options["certificatefile"].ShouldBe($"{_directory}/node_key-cert.pub");
        options["stricthostkeychecking"].ShouldBe("true");
        Understood(SshConfig.Tunnel).GetValueOrDefault("remotecommand", "none").ShouldBe("none");
    }

    [Fact]
    public void TheEnrolmentUsesTheImagesKey()
    {
        var options = Understood(SshConfig.Enrollment);
        options["identityfile"].ShouldBe($"{_directory}/enrollment_key");
        options.ShouldNotContainKey("certificatefile");
    }

    [Fact]
    public void PrivateKeysAreReadableByTheirOwnerOnly()
    {
        SshConfig.WriteForEnrollment(Settings, _directory);
        File.GetUnixFileMode(Path.Combine(_directory, "enrollment_key")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.ReadAllText(Path.Combine(_directory, "enrollment_key")).ShouldEndWith("-----END OPENSSH PRIVATE KEY-----\n");
    }

    [Theory]
    [InlineData("flags\t\t: fpu aes sse2", "aes128-gcm@openssh.com")]
    [InlineData("Features\t: fp asimd aes crc32", "aes128-gcm@openssh.com")]
    [InlineData("Features\t: fp asimd evtstrm crc32 cpuid", "chacha20-poly1305@openssh.com")]
    [InlineData("", "chacha20-poly1305@openssh.com")]
    public void TheFirstCipherIsTheOneTheCpuIsFastAt(string cpuInfo, string first) => SshConfig.Ciphers(cpuInfo).Split(',')[0].ShouldBe(first);

    private Dictionary<string, string> Understood(string block)
    {
        SshConfig.WriteForEnrollment(Settings, _directory);
        SshConfig.AddTunnel("/state/node_key", Identity, _directory);
        using var ssh = Process.Start(new ProcessStartInfo("ssh", ["-G", "-F", $"{_directory}/config", block]) { RedirectStandardOutput = true })!;
        var output = ssh.StandardOutput.ReadToEnd();
        ssh.WaitForExit();
        ssh.ExitCode.ShouldBe(0);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', 2))
            .GroupBy(pair => pair[0])
            .ToDictionary(group => group.Key, group => group.First()[^1]);
    }
}

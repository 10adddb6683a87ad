using Shouldly;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Namespaces;

/// <summary>systemd's own tools judge what we ship for it.</summary>
public sealed class PackagingTests
{
    private static string Shipped(string path) => Path.Combine(AppContext.BaseDirectory, "packaging", path);

    [Fact]
    public async Task UnitsHaveNothingSystemdComplainsAbout()
    {
        PrivateHost.Require();
        Assert.SkipUnless(File.Exists("/usr/bin/systemd-analyze"), "needs systemd-analyze (package systemd)");
        var (_, output) = await Shell.Try("systemd-analyze", ["verify", .. Directory.GetFiles(Shipped("systemd"))]);
        // Our programs are not installed where the tests run; that is the one complaint allowed.
        output.Split('\n').Where(line => line.Length > 0 && !line.Contains("/usr/lib/waltvpn/", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public async Task UsersAreWhatTheUnitsAndTheDropInName()
    {
        PrivateHost.Require();
        Assert.SkipUnless(File.Exists("/usr/bin/systemd-sysusers"), "needs systemd-sysusers (package systemd)");
        var root = Directory.CreateTempSubdirectory("waltvpn-").FullName;
        Directory.CreateDirectory(Path.Combine(root, "etc"));
        await Shell.Run("systemd-sysusers", [$"--root={root}", Shipped("sysusers.d/waltvpn.conf")]);
        var shells = File.ReadLines(Path.Combine(root, "etc/passwd")).Select(line => line.Split(':')).ToDictionary(fields => fields[0], fields => fields[6]);
        Directory.Delete(root, recursive: true);
        shells["walt-vpn"].ShouldBe("/bin/sh");
        foreach (var user in (string[])["waltvpn", "waltvpn-hub", "waltvpn-ca"]) shells[user].ShouldBe("/usr/sbin/nologin");
    }
}

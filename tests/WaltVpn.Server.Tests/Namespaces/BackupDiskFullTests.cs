using Shouldly;
using WaltVpn.Server.Tests.Parts;
using WaltVpn.Server.Tests.Unit.Backup;
using Xunit;

namespace WaltVpn.Server.Tests.Namespaces;

/// <summary>No room for a backup, and none for what is in it (docs/security.md ADM-7): small tmpfs in the place of the folders.</summary>
public sealed class BackupDiskFullTests
{
    [Fact]
    public async Task FullDiskLeavesNoHalfBackupAndNoHalfServer()
    {
        PrivateHost.Require();
        await using var server = await BackupServer.Start();
        var image = Path.Combine(server.Platform.Settings.BootImageDirectory, new string('a', 64) + ".img");
        await File.WriteAllBytesAsync(image, new byte[1 << 20], TestContext.Current.CancellationToken);
        var (output, state) = (Path.Combine(server.Folder, "out"), Path.Combine(server.Folder, "state"));
        await Mount(output);
        (await server.Create()).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(1, r.Output), r => r.Output.ShouldContain("no backup was made"), r => r.Output.ShouldContain("No space left"));
        Directory.GetFiles(output).ShouldBeEmpty();
        Directory.GetFiles(server.Platform.Settings.StateDirectory).ShouldNotContain(file => file.Contains("backup", StringComparison.Ordinal));
        await Shell.Run("umount", [output]);
        (await server.Create()).Status.ShouldBe(0);

        await server.Platform.StopDaemon();
        server.Burn();
        await Mount(state);
        (await server.Restore(server.File)).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(1, r.Output), r => r.Output.ShouldContain("No space left"));
        server.Files("etc", "host", "hub", "state").ShouldBeEmpty();
        await Shell.Run("umount", [state]);
        (await server.Restore(server.File)).Status.ShouldBe(0);
    }

    private static Task<string> Mount(string folder) => Shell.Run("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", folder]);
}

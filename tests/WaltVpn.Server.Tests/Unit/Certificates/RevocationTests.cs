using System.Net;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Certificates;

/// <summary>docs/security.md CERT-7.</summary>
public sealed class RevocationTests
{
    private static ServerSettings Auto(ServerSettings settings) => settings with { LanPolicy = EnrollmentPolicy.Auto };

    [Fact]
    public async Task RevokedNodeIsOnTheListRefusedAtLoginAndCut()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var (kept, gone) = (await Enrolled(platform, 1), await Enrolled(platform, 2));
        (await platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{gone.NodeId}/revoke")).Status.ShouldBe(HttpStatusCode.OK);
        (await IsOnList(platform, gone)).ShouldBeTrue();
        (await IsOnList(platform, kept)).ShouldBeFalse();
        (await platform.Login(gone)).Allowed.ShouldBeFalse();
        (await platform.Login(kept)).Allowed.ShouldBeTrue();
        platform.Hub.Told.ShouldContain(told => told.Operation == HubOperation.Disconnect && told.NodeId == gone.NodeId);
    }

    [Fact]
    public async Task TunnelThatOutlivedItsRightIsCutByTheNextHeartbeat()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var (kept, gone) = (await Enrolled(platform, 1), await Enrolled(platform, 2));
        await platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{gone.NodeId}/revoke");
        foreach (var identity in (NodeIdentity[])[kept, gone]) platform.Hub.Connect(identity);
        await Wait.Until(() => Task.FromResult(!platform.Hub.Sessions.ContainsKey(gone.NodeId)));
        platform.Hub.Sessions.ContainsKey(kept.NodeId).ShouldBeTrue();
    }

    [Theory]
    [InlineData("empty")]
    [InlineData("gone")]
    [InlineData("foreign")]
    [InlineData("flipped")]
    public async Task DamagedListIsRepairedAndMeanwhileTheLoginIsStillRefused(string damage)
    {
        await using var platform = await TestPlatform.Start(Auto);
        var gone = await Enrolled(platform, 1);
        await platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{gone.NodeId}/revoke");
        var file = platform.Settings.RevocationListFile;
        var bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        byte[] damaged = damage switch { "empty" => [], "foreign" => "hello"u8.ToArray(), _ => Flip(bytes, bytes.Length - 1) };
        if (damage == "gone") File.Delete(file);
        else await File.WriteAllBytesAsync(file, damaged, TestContext.Current.CancellationToken);
        platform.RevocationList.IsIntact().ShouldBeFalse();
        (await platform.Login(gone)).Allowed.ShouldBeFalse();
        await Wait.Until(() => IsOnList(platform, gone));
    }

    [Fact]
    public async Task ListThatCannotBeMadeLeavesTheOldOneByteForByte()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var (first, second) = (await Enrolled(platform, 1), await Enrolled(platform, 2));
        await platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{first.NodeId}/revoke");
        var before = await File.ReadAllBytesAsync(platform.Settings.RevocationListFile, TestContext.Current.CancellationToken);
        File.Move(platform.Ca.PublicKeyFile, platform.Ca.PublicKeyFile + ".away");
        var (status, body) = await platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{second.NodeId}/revoke");
        status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        body.ShouldContain("can no longer log in");
        (await File.ReadAllBytesAsync(platform.Settings.RevocationListFile, TestContext.Current.CancellationToken)).ShouldBe(before);
        (await platform.Login(second)).Allowed.ShouldBeFalse();
        File.Move(platform.Ca.PublicKeyFile + ".away", platform.Ca.PublicKeyFile);
        await Wait.Until(() => IsOnList(platform, second));
    }

    [Fact]
    public async Task ReadBackRefusesEveryListThatIsNotTheOrderedOne()
    {
        using var folder = new TestFolder();
        using var ca = await TestCa.Start(folder["ca"]);
        var authority = NodePublicKey.Load(ca.PublicKeyFile);
        await Shell.Run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", folder["node"]]);
        var key = NodePublicKey.Load(folder["node.pub"]);
        var ordered = new Revocations([7, 8, 9, 1UL << 60], [key.Line]);
        await File.WriteAllTextAsync(folder["spec"], $"serial: 7-9\nserial: {1UL << 60}\nkey: {key.Line}\n", TestContext.Current.CancellationToken);
        await Shell.Run("ssh-keygen", ["-q", "-k", "-f", folder["krl"], "-s", ca.PublicKeyFile, folder["spec"]]);
        KrlText.Parse(await Shell.Run("ssh-keygen", ["-Q", "-l", "-f", folder["krl"]])).Require(ordered, authority);
        var good = await File.ReadAllBytesAsync(folder["krl"], TestContext.Current.CancellationToken);
        var survivors = 0;
        for (var position = 0; position < good.Length; position++)
        {
            (await IsTaken(folder, good[..position], ordered, authority)).ShouldBeFalse($"cut at {position}");
            if (await IsTaken(folder, Flip(good, position), ordered, authority)) survivors++;
        }

        // Flips in the version and the date of the list change nothing that it says.
        survivors.ShouldBeLessThan(41);
    }

    private static async Task<bool> IsTaken(TestFolder folder, byte[] list, Revocations ordered, NodePublicKey authority)
    {
        await File.WriteAllBytesAsync(folder["changed"], list, TestContext.Current.CancellationToken);
        var (status, output) = await Shell.Try("ssh-keygen", ["-Q", "-l", "-f", folder["changed"]]);
        if (status != 0) return false;
        try
        {
            KrlText.Parse(output).Require(ordered, authority);
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private static byte[] Flip(byte[] bytes, int position)
    {
        var flipped = bytes.ToArray();
        flipped[position] ^= 0x10;
        return flipped;
    }

    private static async Task<NodeIdentity> Enrolled(TestPlatform platform, int number) =>
        (await (await TestNode.Make(platform, number)).Enroll(platform, TestPlatform.Lan)).Identity!;

    private static async Task<bool> IsOnList(TestPlatform platform, NodeIdentity identity)
    {
        var file = Path.Combine(platform.Folder, "asked-cert.pub");
        await File.WriteAllTextAsync(file, identity.Certificate + "\n");
        var (_, output) = await Shell.Try("ssh-keygen", ["-Q", "-f", platform.Settings.RevocationListFile, file]);
        return output.Contains("REVOKED", StringComparison.Ordinal);
    }
}

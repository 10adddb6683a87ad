using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Following;

/// <summary>Nodes whose settings changed are told through their tunnels, once.</summary>
public sealed class SettingsAnnouncerTests
{
    [Fact]
    public async Task NodeIsToldOfEachChangeOnceAndOnlyThroughATunnelThatHasWords()
    {
        await using var platform = await TestPlatform.Start(settings => settings with { LanPolicy = EnrollmentPolicy.Auto });
        var hears = await Joined(platform, 1, tunnelVersion: 2);
        var deaf = await Joined(platform, 2, tunnelVersion: 0);
        var neverAsked = (await (await TestNode.Make(platform, 3)).Enroll(platform, TestPlatform.Lan)).Identity!;
        platform.Hub.Connect(neverAsked, tunnelVersion: 2);

        await Restart(platform, BootMode.Permissive);
        await Wait.Until(() => Task.FromResult(Told(platform).Count == 1));
        await Asks(platform, hears);
        await Asks(platform, deaf);
        await Restart(platform, BootMode.Enforced);
        await Wait.Until(() => Task.FromResult(Told(platform).Count == 2));
        Told(platform).ShouldBe([hears.NodeId, hears.NodeId]);
    }

    private static async Task<NodeIdentity> Joined(TestPlatform platform, int number, int tunnelVersion)
    {
        var identity = (await (await TestNode.Make(platform, number)).Enroll(platform, TestPlatform.Lan)).Identity!;
        await Asks(platform, identity);
        platform.Hub.Connect(identity, tunnelVersion);
        return identity;
    }

    private static async Task Asks(TestPlatform platform, NodeIdentity identity)
    {
        var ticket = (await platform.Login(identity)).Ticket;
        (await platform.Login(new LoginRequest { Kind = LoginKind.Command, Command = TunnelCommand.Settings, Ticket = ticket })).Allowed.ShouldBeTrue();
    }

    private static async Task Restart(TestPlatform platform, BootMode mode)
    {
        await platform.StopDaemon();
        platform.Settings = platform.Settings with { BootMode = mode };
        await platform.StartDaemon();
    }

    private static List<string?> Told(TestPlatform platform) => platform.Hub.Told
        .Where(request => request is { Operation: HubOperation.Tell, Word.Kind: TunnelControl.SettingsChanged }).Select(request => request.NodeId).ToList();
}

using Shouldly;
using WaltVpn.Agent.Tunnel;
using WaltVpn.Linux;
using WaltVpn.Protocol;
using WaltVpn.Tunnel;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Tunnel;

/// <summary>docs/protocol.md "Which version"; docs/security.md L2-11.</summary>
public sealed class KnownVersionsTests
{
    private static readonly WayIn A = new(new SshEntrypoint("a.example.org", 22));
    private static readonly WayIn B = new(new SshEntrypoint("b.example.org", 22));
    private readonly RecordingLog _log = new();
    private readonly SteppingTime _time = new();
    private readonly KnownVersions _versions;

    public KnownVersionsTests() => _versions = new KnownVersions(_log, _time);

    [Fact]
    public void UnknownServerIsAskedForVersion2()
    {
        var options = _versions.Ask(A);
        (options.Role, options.Version2).ShouldBe((TunnelRole.Node, true));
        options.Patience.ShouldBeGreaterThan(TimeSpan.Zero);
    }

    [Fact]
    public void ServerThatRefusesIsNotAskedForTenMinutes()
    {
        _versions.StayedInVersion0(A, KnownVersion.Refuses);
        _versions.Ask(A).Version2.ShouldBeFalse();
        _versions.Ask(B).Version2.ShouldBeTrue();
        _time.Now += TimeSpan.FromMinutes(10);
        _versions.Ask(A).Version2.ShouldBeTrue();
    }

    [Fact]
    public void SilentServerIsAskedButNotWaitedFor()
    {
        _versions.StayedInVersion0(A, KnownVersion.Silent);
        (_versions.Ask(A).Version2, _versions.Ask(A).Patience).ShouldBe((true, TimeSpan.Zero));
        _versions.SpokeVersion2(A);
        _versions.Ask(A).Patience.ShouldBeGreaterThan(TimeSpan.Zero);
    }

    [Fact]
    public void FallBackIsReportedWhereVersion2WasSpokenBefore()
    {
        _versions.StayedInVersion0(A, KnownVersion.Silent);
        _log.Lines.ShouldBeEmpty();
        _versions.SpokeVersion2(A);
        _versions.StayedInVersion0(B, KnownVersion.Silent);
        _log.Lines.ShouldBeEmpty();
        _versions.StayedInVersion0(A, KnownVersion.Refuses);
        _log.Lines.ShouldHaveSingleItem().ShouldContain("a.example.org");
    }

    [Theory]
    [InlineData(1, 0, "walt-server-vpn-endpoint: unknown command", true)]
    [InlineData(127, 0, "", true)]
    [InlineData(0, 0, "", false)]
    [InlineData(255, 0, "Connection reset by peer", false)]
    [InlineData(0, 9, "", false)]
    [InlineData(1, 0, "waltvpn-hub: refused: the ticket is unknown, old, or was used", false)]
    public void OnlyTheCommandsOwnStatusIsARefusalOfTheCommand(int code, int signal, string message, bool isOne) =>
        SshProcess.IsOfTheCommand(new ExitStatus(code, signal), message).ShouldBe(isOne);

    private sealed class SteppingTime : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}

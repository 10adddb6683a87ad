using Shouldly;
using WaltVpn.Hub.Serve;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Tunnel.Tests.Unit;

/// <summary>docs/protocol.md "Hub control": one-time tickets of 30 seconds.</summary>
public sealed class TicketBookTests
{
    private readonly HandClock _clock = new();

    [Fact]
    public void TicketOpensOnce()
    {
        var book = new TicketBook(_clock);
        book.Expect(Node('a')).ShouldBeTrue();
        book.Take(Node('a').Ticket).ShouldNotBeNull();
        book.Take(Node('a').Ticket).ShouldBeNull();
    }

    [Fact]
    public void TicketIsVoidAfterThirtySeconds()
    {
        var book = new TicketBook(_clock);
        book.Expect(Node('a'));
        book.Expect(Node('b'));
        _clock.Advance(TimeSpan.FromSeconds(29.9));
        book.Take(Node('a').Ticket).ShouldNotBeNull();
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        book.Take(Node('b').Ticket).ShouldBeNull();
    }

    [Fact]
    public void KnownAndMalformedTicketsAreNotExpected()
    {
        var book = new TicketBook(_clock);
        book.Expect(Node('a')).ShouldBeTrue();
        book.Expect(Node('a')).ShouldBeFalse();
        foreach (var ticket in (string[])["", "abc", new string('A', 32), new string('g', 32), new string('a', 33)])
            book.Expect(Node('a') with { Ticket = ticket }).ShouldBeFalse();
    }

    [Fact]
    public void NodeHasAFewNewestTicketsOnlyAndTakesNoneFromOthers()
    {
        var book = new TicketBook(_clock);
        book.Expect(Node('f'));
        for (var i = 0; i <= TicketBook.MaxPerNode; i++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            book.Expect(Node('a') with { Ticket = Ticket(i) }).ShouldBeTrue();
        }

        book.Take(Ticket(0)).ShouldBeNull();
        book.Take(Ticket(1)).ShouldNotBeNull();
        book.Take(Node('f').Ticket).ShouldNotBeNull();

        static string Ticket(int number) => number.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public void VoidedTicketsOfANodeOpenNothing()
    {
        var book = new TicketBook(_clock);
        book.Expect(Node('a'));
        book.Void(Node('a').NodeId);
        book.Take(Node('a').Ticket).ShouldBeNull();
    }

    private static ExpectedNode Node(char digit) => new()
    {
        Ticket = new string(digit, 32),
        NodeId = new string(digit, 32),
        VpnMac = MacAddress.Parse("52:54:00:12:34:56"),
        CertificateSerial = 1,
    };
}

using Shouldly;
using WaltVpn.Hub.Serve;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Tunnel.Tests.Unit;

/// <summary>What nodes report waits for the daemon, and never grows: docs/security.md L2-10.</summary>
public sealed class ReportBookTests
{
    [Fact]
    public void OfEachNodeTheNewestWaitsAndTheOldestNodesAreTakenFirst()
    {
        var book = new ReportBook();
        for (var round = 1; round <= 2; round++)
        {
            for (var node = 0; node < ReportBook.MostTaken + 10; node++) book.Add(Report($"{node}", round));
        }

        var taken = book.Take();
        taken.Select(report => report.NodeId).ShouldBe(Enumerable.Range(0, ReportBook.MostTaken).Select(node => $"{node}"));
        taken.ShouldAllBe(report => report.Report.Number == 2);
        book.Take().Count.ShouldBe(10);
        book.Take().ShouldBeEmpty();
        book.Add(Report("0", 3));
        book.Take().ShouldHaveSingleItem().Report.Number.ShouldBe(3);
    }

    [Fact]
    public void WhatFindsNoRoomIsNotKept()
    {
        var book = new ReportBook();
        for (var node = 0; node < 2 * ReportBook.MostWaiting; node++) book.Add(Report($"{node}", 1));
        var taken = 0;
        while (book.Take() is { Count: > 0 } some) taken += some.Count;
        taken.ShouldBe(ReportBook.MostWaiting);
    }

    [Fact]
    public void SomeAtOnceThenTwoASecond()
    {
        var clock = new HandClock();
        var rate = new ReportRate(clock);
        Enumerable.Range(0, 100).Count(_ => rate.Allows()).ShouldBe(ReportRate.Burst);
        clock.Advance(TimeSpan.FromSeconds(3));
        Enumerable.Range(0, 100).Count(_ => rate.Allows()).ShouldBe(6);
        clock.Advance(TimeSpan.FromDays(1));
        Enumerable.Range(0, 100).Count(_ => rate.Allows()).ShouldBe(ReportRate.Burst);
    }

    private static HeardReport Report(string node, int number) => new(node, new NodeReport { Boot = new string('0', 32), Number = number });
}

using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Shouldly;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>A ping(8) from a node to the server, twenty times a second until it is asked for its result.</summary>
internal sealed class PingRun : IDisposable
{
    private readonly Process _ping;

    private PingRun(Process ping) => _ping = ping;

    /// <summary>Starts; the node must be online.</summary>
    public static PingRun Start(NodeTunnel node) =>
        new(Tool.Start("ip", "netns", "exec", node.Namespace, "ping", "-i", "0.05", "-W", "5", RunningPlatform.LanAddress));

    /// <summary>Stops.</summary>
    /// <returns>How many were not answered; the one on its way when it stops is not counted.</returns>
    public async Task<int> Lost()
    {
        using var deadline = new CancellationTokenSource(Tool.Deadline);
        // What was to be watched may have been over before ping itself had begun.
        var output = await _ping.StandardOutput.ReadLineAsync(deadline.Token);
        while (output?.Contains("icmp_seq", StringComparison.Ordinal) == false) output = await _ping.StandardOutput.ReadLineAsync(deadline.Token);
        RunningPlatform.Signal("INT", _ping.Id);
        output += '\n' + await _ping.StandardOutput.ReadToEndAsync(deadline.Token);
        var answers = Regex.Matches(output, @"icmp_seq=(\d+) ttl")
            .Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))
            .ToHashSet();
        answers.ShouldNotBeEmpty(output);
        return answers.Max() - answers.Count;
    }

    public void Dispose()
    {
        if (!_ping.HasExited) _ping.Kill();
        _ping.Dispose();
    }
}

using System.Diagnostics;
using Xunit;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>Waits for what another process will do, where the kernel tells nobody.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Looks until the condition holds.</summary>
    /// <param name="what">What did not happen, for the failure.</param>
    /// <param name="condition">Looked at again and again; it must not change anything.</param>
    /// <param name="deadline">Null: that of <see cref="Tool"/>.</param>
    public static Task Holds(string what, Func<bool> condition, TimeSpan? deadline = null) => Holds(what, () => Task.FromResult(condition()), deadline);

    /// <inheritdoc cref="Holds(string, Func{bool}, TimeSpan?)"/>
    public static async Task Holds(string what, Func<Task<bool>> condition, TimeSpan? deadline = null)
    {
        var limit = deadline ?? Tool.Deadline;
        for (var watch = Stopwatch.StartNew(); !await condition();)
        {
            if (watch.Elapsed > limit) throw new TimeoutException($"within {limit.TotalSeconds} s: {what}");
            await Task.Delay(Pause, TestContext.Current.CancellationToken);
        }
    }
}

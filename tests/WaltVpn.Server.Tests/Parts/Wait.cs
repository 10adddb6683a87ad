namespace WaltVpn.Server.Tests.Parts;

/// <summary>Waits for a state that the daemon reaches by itself.</summary>
internal static class Wait
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Asks until the answer is yes.</summary>
    /// <exception cref="TimeoutException">It did not come.</exception>
    public static async Task Until(Func<Task<bool>> question)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!await question())
        {
            if (deadline.IsCancellationRequested) throw new TimeoutException($"still not so after {Deadline.TotalSeconds} s");
            await Task.Delay(Pause);
        }
    }
}

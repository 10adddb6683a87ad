using System.Net.Sockets;
using WaltVpn.Linux;

namespace WaltVpn.Agent;

/// <summary>Tries a stage until it works.</summary>
internal sealed class StageRunner(INodeLog log, TimeProvider time)
{
    /// <summary>Runs an attempt, and again after a wait, until it returns. Says each time what failed and when it goes on.</summary>
    /// <param name="stage">For the log.</param>
    /// <param name="attempt">
    /// One attempt. <see cref="StageException"/>, <see cref="ErrnoException"/> and other I/O errors may pass; anything else is a bug and ends the boot.
    /// </param>
    /// <param name="stopping">The machine goes down.</param>
    /// <exception cref="OperationCanceledException">The machine goes down.</exception>
    public async Task<T> UntilDone<T>(BootStage stage, Func<CancellationToken, Task<T>> attempt, CancellationToken stopping)
    {
        var backoff = new Backoff();
        while (true)
        {
            TimeSpan wait;
            try
            {
                return await attempt(stopping);
            }
            catch (StageException failure)
            {
                wait = failure.RetryAfter is { } asked ? Backoff.AtLeast(asked) : backoff.Next();
                log.Retry(stage, $"{failure.Message} Trying again in {Seconds(wait)}.");
            }
            catch (Exception failure) when (failure is IOException or SocketException or UnauthorizedAccessException)
            {
                wait = backoff.Next();
                log.Retry(stage, $"{failure.Message}. Trying again in {Seconds(wait)}.");
            }

            await Task.Delay(wait, time, stopping);
        }
    }

    /// <summary>A time for the log, <c>7 s</c>.</summary>
    public static string Seconds(TimeSpan time) => time < TimeSpan.FromSeconds(1) ? "less than 1 s" : $"{Math.Round(time.TotalSeconds):0} s";
}

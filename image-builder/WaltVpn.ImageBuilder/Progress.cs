using System.Diagnostics;
using System.Globalization;

namespace WaltVpn.ImageBuilder;

/// <summary>One line per finished step: what it is, what came of it, seconds, megabytes.</summary>
internal sealed class Progress(TextWriter output)
{
    private const double BytesPerMegabyte = 1_000_000;

    /// <summary>Runs a step and reports it when it succeeds; a failure speaks for itself.</summary>
    /// <param name="name">One word.</param>
    /// <param name="step">The work.</param>
    /// <param name="outcome">Says what came of it: a short text, and bytes.</param>
    public async Task<T> StepAsync<T>(string name, Func<Task<T>> step, Func<T, (string Text, long Bytes)> outcome)
    {
        var started = Stopwatch.GetTimestamp();
        var result = await step();
        var (text, bytes) = outcome(result);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"{name,-10} {text,-56} {seconds,6:0.0} s {bytes / BytesPerMegabyte,8:0.0} MB"));
        return result;
    }

    /// <summary>Something the operator should know that does not stop the work.</summary>
    public void Note(string text) => output.WriteLine($"{"note",-10} {text}");
}

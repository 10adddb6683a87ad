using System.Diagnostics;
using System.Globalization;
using Shouldly;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.HandOff;

public sealed class StayAwakeTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task WhoIsStoppedGoesOnAndItsChildrenToo()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [StayAwakeScenario.Name]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Deadline);
        try
        {
            var child = int.Parse((await process.StandardOutput.ReadLineAsync(deadline.Token))!, CultureInfo.InvariantCulture);
            foreach (var word in (string[])["first", "second"])
            {
                // Once it is sent, neither runs another instruction of its own: an answer comes from a process that was continued.
                using (var kill = Process.Start("kill", ["-STOP", $"{process.Id}", $"{child}"])) await kill.WaitForExitAsync(deadline.Token);
                await process.StandardInput.WriteLineAsync(word);
                await process.StandardInput.FlushAsync(deadline.Token);
                (await process.StandardOutput.ReadLineAsync(deadline.Token)).ShouldBe(word);
                while (IsStopped(child)) await Task.Delay(TimeSpan.FromMilliseconds(50), deadline.Token);
            }

            process.StandardInput.Close();
            await process.WaitForExitAsync(deadline.Token);
            process.ExitCode.ShouldBe(0);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    private static bool IsStopped(int pid) => File.ReadLines($"/proc/{pid}/status").Any(line => line.StartsWith("State:\tT", StringComparison.Ordinal));
}

using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Life;

/// <summary>What the server has this node do, through the tunnel. Only it can: the word came through sshd from a holder of a pinned host key.</summary>
/// <remarks>
/// Before the hand-off the node process ends, and PID 1, ours, takes the machine down. After it PID 1 is the operating system's init, and is asked in the way
/// that it knows; one that does not react within five minutes is passed over.
/// </remarks>
internal sealed class ServerOrders(StatusLed led, StopSignal stop, TimeProvider time, INodeLog log)
{
    // glibc's first real-time signal; systemd(1): SIGRTMIN+5 starts reboot.target.
    private const int SystemdReboot = 34 + 5;

    // What the kernel sends init for Ctrl-Alt-Del (reboot(2)): sysvinit, busybox, OpenRC and runit restart then.
    private const int SIGINT = 2;

    // The line that says why goes to the server first.
    private static readonly TimeSpan s_forLastWords = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_forInit = TimeSpan.FromMinutes(5);

    private int _restarts;

    /// <summary>Takes a word. In the pump's thread: does not wait.</summary>
    public void Hear(TunnelControl word)
    {
        switch (word)
        {
            case { Kind: TunnelControl.Blink, Seconds: >= BlinkOrder.Least and <= BlinkOrder.Most and var seconds }:
                log.Info(BootStage.Online, $"the server has this node blink for {seconds} s{(led.IsThere ? "" : ", but it has no LED")}");
                led.Blink(TimeSpan.FromSeconds(seconds));
                break;
            case { Kind: TunnelControl.Reboot } when Interlocked.Exchange(ref _restarts, 1) == 0:
                _ = Task.Run(Restart);
                break;
        }
    }

    private async Task Restart()
    {
        log.Info(BootStage.Shutdown, "the server has this node start anew");
        await Task.Delay(s_forLastWords, time);
        stop.Request();
        if (stop.Requested.IsCancellationRequested) return;

        var init = File.ReadAllText("/proc/1/comm").Trim();
        try
        {
            Reboot.AskInit(init == "systemd" ? SystemdReboot : SIGINT);
        }
        catch (ErrnoException failure)
        {
            log.Warning(BootStage.Shutdown, failure.Message);
        }

        await Task.Delay(s_forInit, time);
        log.Warning(
            BootStage.Shutdown, $"{init}, this node's init, was asked to restart and did not within {s_forInit.TotalMinutes:0} min: restarting without it");
        Reboot.Sync();
        Reboot.Restart();
    }
}

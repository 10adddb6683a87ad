using System.Runtime.InteropServices;
using WaltVpn.Linux;

namespace WaltVpn.Agent.HandOff;

/// <summary>Keeps the tunnel going when somebody stops all processes of the machine.</summary>
/// <remarks>
/// systemd, at shutdown, sends SIGSTOP to every process, looks in /proc at whom to spare, and only then SIGCONT. Finding /proc asks the NFS server
/// about the root directory, through the tunnel that was just stopped: both would wait for ever. No process can ignore SIGSTOP; but the kernel's timers
/// run on, and one that is pushed ahead as long as this process runs sends SIGCONT when it no longer does.
/// </remarks>
internal static class StayAwake
{
    private const int SIGCONT = 18;
    private const int SecondsStopped = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>For the rest of this process's life.</summary>
    public static void Begin() => new Thread(Run) { Name = "stay awake", IsBackground = true }.Start();

    private static void Run()
    {
        using var timer = new SignalTimer(SIGCONT);
        // Whoever stopped this process stopped ssh and udhcpc as well.
        using var continued = PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => ChildProcess.SignalAll(SIGCONT));
        while (true)
        {
            timer.Set(SecondsStopped);
            Thread.Sleep(Pause);
        }
    }
}

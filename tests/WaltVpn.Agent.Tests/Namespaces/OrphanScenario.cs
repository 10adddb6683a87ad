using WaltVpn.Linux;

namespace WaltVpn.Agent.Tests.Namespaces;

/// <summary>An init with children of its own and orphans, run as PID 1 of a process namespace by <see cref="OrphansTests"/>.</summary>
internal static class OrphanScenario
{
    public const string Name = "orphan-scenario";
    public const int Rounds = 50;

    /// <summary>Starts shells that exit with 7 and leave a child behind, which exits later, with nobody but init to reap it.</summary>
    public static async Task<int> Run()
    {
        new Thread(Orphans.ReapForever) { IsBackground = true, Name = "orphan reaper" }.Start();
        var shells = Enumerable.Range(0, Rounds).Select(_ => ChildProcess.Start("/bin/sh", ["-c", "sleep 0.3 & exit 7"], ["PATH=/bin"])).ToList();
        var statuses = await Task.WhenAll(shells.Select(shell => shell.Exited));
        var right = statuses.Count(status => status == new ExitStatus(7, 0));
        // A marker that exits after every orphan has.
        await ChildProcess.Start("/bin/sh", ["-c", "sleep 1"], ["PATH=/bin"]).Exited;
        var left = Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out var pid) && pid != 1).ToList();
        Console.WriteLine($"own {right}, left {left.Count}");
        return 0;
    }
}

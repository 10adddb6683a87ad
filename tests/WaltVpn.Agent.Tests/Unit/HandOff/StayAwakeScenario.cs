using System.Globalization;
using WaltVpn.Agent.HandOff;
using WaltVpn.Linux;

namespace WaltVpn.Agent.Tests.Unit.HandOff;

/// <summary>A process with a child, as <see cref="StayAwakeTests"/> starts it.</summary>
internal static class StayAwakeScenario
{
    public const string Name = "stay-awake-scenario";

    /// <summary>Prints the child's pid, answers each line, and lives until its standard input is closed.</summary>
    public static async Task<int> Run()
    {
        StayAwake.Begin();
        var child = ChildProcess.Start("/bin/sleep", ["1000"], ["PATH=/bin"]);
        Console.WriteLine(child.Pid.ToString(CultureInfo.InvariantCulture));
        while (await Console.In.ReadLineAsync() is { } line) Console.WriteLine(line);
        ChildProcess.EndAll();
        return 0;
    }
}

using WaltVpn.Agent.Tests.Namespaces;
using WaltVpn.Agent.Tests.Unit.HandOff;
using Xunit.Runner.InProc.SystemConsole;

namespace WaltVpn.Agent.Tests;

/// <summary>The test runner, or, with one known word, the scenario a test starts as a process of its own.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] arguments) => arguments switch
    {
        [OrphanScenario.Name] => await OrphanScenario.Run(),
        [StayAwakeScenario.Name] => await StayAwakeScenario.Run(),
        [FlashromScenario.Name, var folder, .. var rest] => FlashromScenario.Run(folder, rest),
        _ => await ConsoleRunner.Run(arguments),
    };
}

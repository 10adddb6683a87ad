using System.CommandLine;

namespace WaltVpn.Cli;

/// <summary><c>waltvpn monitor</c>: shows boards that ask to become nodes, and asks what to do.</summary>
internal static class MonitorCommand
{
    /// <summary>The command.</summary>
    public static Command Create(GlobalOptions global)
    {
        var acceptAll = new Option<bool>("--accept-all")
        {
            Description = "Accept every board without asking. For demonstrations: whoever has an image gets in",
        };
        var once = new Option<bool>("--once") { Description = "End after the first decision that was carried out" };
        var command = new Command(
            "monitor",
            "Wait for boards that ask to become nodes, and accept or deny them. Any number of monitors may wait; the first answer counts. "
            + "Ends with Ctrl-C. Example: waltvpn monitor --once. For programs: waltvpn request list -o json") { acceptAll, once };
        command.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            return (int)await new Monitor(server, arguments.GetValue(acceptAll), arguments.GetValue(once)).Run(cancel);
        });
        return command;
    }
}

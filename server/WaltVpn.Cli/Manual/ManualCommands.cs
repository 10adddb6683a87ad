using System.CommandLine;

namespace WaltVpn.Cli.Manual;

/// <summary><c>waltvpn completion …</c>, <c>waltvpn man</c>.</summary>
internal static class ManualCommands
{
    /// <summary><c>completion</c>.</summary>
    public static Command Completion() => new("completion", "Print what teaches your shell the commands. Example: waltvpn completion bash")
    {
        Shell("bash", CompletionScript.Bash, "source <(waltvpn completion bash)"),
        Shell("zsh", CompletionScript.Zsh, "source <(waltvpn completion zsh)"),
        Shell("fish", CompletionScript.Fish, "waltvpn completion fish | source"),
    };

    /// <summary><c>man</c>.</summary>
    public static Command Man()
    {
        var man = new Command("man", "Print the man page. Example: waltvpn man | man -l -");
        man.SetAction(arguments =>
        {
            Console.Write(ManPage.Of(arguments.RootCommandResult.Command));
            return (int)ExitCode.Ok;
        });
        return man;
    }

    private static Command Shell(string name, Func<Command, string> script, string use)
    {
        var shell = new Command(name, $"For {name}, now: {use}. Example: waltvpn completion {name}");
        shell.SetAction(arguments =>
        {
            Console.Write(script(arguments.RootCommandResult.Command));
            return (int)ExitCode.Ok;
        });
        return shell;
    }
}

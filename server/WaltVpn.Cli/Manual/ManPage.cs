using System.CommandLine;
using System.Reflection;
using System.Text;

namespace WaltVpn.Cli.Manual;

/// <summary>The man page, man(7), made of the same descriptions as <c>--help</c>.</summary>
internal static class ManPage
{
    /// <summary>All of it.</summary>
    public static string Of(Command root)
    {
        var version = Assembly.GetExecutingAssembly().GetName().Version!.ToString(3);
        var page = new StringBuilder($".TH WALTVPN 1 \"\" \"waltvpn {version}\" \"WaltVpn\"\n.SH NAME\nwaltvpn \\- administers a WaltVpn server\n");
        page.Append(".SH SYNOPSIS\n.B waltvpn\n.I command\n.RI [ options ]\n.SH DESCRIPTION\n.nf\n").Append(Text(root.Description)).Append("\n.fi\n.SH COMMANDS\n");
        foreach (var model in CommandModel.All(root).Skip(1))
        {
            page.Append(".SS ").Append(Text($"{model.Words} {string.Join(' ', model.Command.Arguments.Select(argument => argument.Name))}".TrimEnd())).Append('\n');
            page.Append(Text(model.Command.Description)).Append('\n');
            foreach (var argument in model.Command.Arguments) Item(page, argument.Name, argument.Description);
            foreach (var option in model.Command.Options.Where(option => !option.Hidden)) Item(page, Names(option), option.Description);
        }

        page.Append(".SH OPTIONS OF ALL COMMANDS\n");
        foreach (var option in root.Options.Where(option => option.Recursive && !option.Hidden)) Item(page, Names(option), option.Description);
        return page.Append(".SH FILES\n.TP\n/etc/waltvpn/server.yaml\nThe server's settings, each explained there.\n.SH ENVIRONMENT\n.TP\nWALTVPN_SOCKET\n")
            .Append("The daemon's administration socket, where \\-\\-socket is not given.\n.TP\nWALTVPN_CONFIG\nThe settings, where \\-\\-config is not given.\n").ToString();
    }

    private static void Item(StringBuilder page, string name, string? text) => page.Append(".TP\n").Append(Text(name)).Append('\n').Append(Text(text ?? "")).Append('\n');

    private static string Names(Option option) =>
        string.Join(", ", option.Aliases.Append(option.Name).Distinct().OrderBy(name => name.Length)) + (option.HelpName is { } value ? $" {value}" : "");

    /// <summary>Nothing in it is a request or an escape to troff.</summary>
    private static string Text(string? text) => string.Join('\n', (text ?? "").Split('\n').Select(line =>
        (line.StartsWith('.') || line.StartsWith('\'') ? "\\&" : "")
        + line.Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal).Replace("…", "...", StringComparison.Ordinal)));
}

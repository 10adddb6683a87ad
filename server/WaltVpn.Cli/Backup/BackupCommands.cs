using System.CommandLine;
using System.Globalization;
using WaltVpn.Cli.Config;

namespace WaltVpn.Cli.Backup;

/// <summary><c>waltvpn backup …</c>: all that makes a server this platform's server, in one encrypted file.</summary>
internal static class BackupCommands
{
    /// <summary>The commands of the noun.</summary>
    public static Command Create(GlobalOptions global) =>
        new("backup", "All that makes this machine the platform's server, in one encrypted file. Example: waltvpn backup show /root/waltvpn.backup")
        {
            Make(global), Restore(global), Show(global),
        };

    private static Command Make(GlobalOptions global)
    {
        var file = new Argument<string>("FILE") { Description = "The backup to write; who has it and its passphrase is the platform" };
        var force = new Option<bool>("--force") { Description = "Replace FILE" };
        var (config, hub, passphrase) = (ConfigCommands.FileOption(), HubOption(), BackupPassphrase.Option());
        var create = new Command(
            "create",
            "Write database, keys of the CA, of SSH, of enrolment and boot files, settings and boot images into an encrypted file; the services go on."
            + " Example: waltvpn backup create /root/waltvpn-2026-11-22.backup")
        {
            file, force, passphrase, config, hub, global.Output,
        };
        create.SetAction(async (arguments, cancel) =>
        {
            var (path, replace) = (arguments.GetValue(file)!, arguments.GetValue(force));
            if (path == "-") throw new CliException(ExitCode.Usage, "a backup goes into a file, not to the standard output; name one: waltvpn backup create /root/waltvpn.backup");
            PrivateFile.Check(path, TerminalText.Plain(path), replace);
            var secret = BackupPassphrase.Get(arguments.GetValue(passphrase), isNew: true);
            var report = await new BackupCreation(arguments.GetValue(config)!, arguments.GetValue(hub)!).Write(path, replace, secret, cancel);
            Print(arguments.GetValue(global.Output), report, () =>
                Console.WriteLine($"{TerminalText.Plain(path)}: {Summary(report.Manifest)}. Keep it on another machine, and its passphrase in another place."));
            return (int)ExitCode.Ok;
        });
        return create;
    }

    private static Command Restore(GlobalOptions global)
    {
        var file = new Argument<string>("FILE") { Description = "A backup" };
        var replace = new Option<bool>("--replace") { Description = "Take the place of the platform that is here; its files are kept aside" };
        var audit = new Option<string?>("--audit")
        {
            Description = "An export of the audit trail that was made later (waltvpn audit export): nodes and tokens that were revoked, disabled or forgotten since are so again",
            HelpName = "FILE",
        };
        var (config, hub, passphrase) = (ConfigCommands.FileOption(), HubOption(), BackupPassphrase.Option());
        var restore = new Command(
            "restore",
            "Put a backup onto a machine on which WaltVpn is installed and not running. All of it is checked before anything is changed. Example: waltvpn backup restore /root/waltvpn-2026-11-22.backup")
        {
            file, replace, audit, passphrase, config, hub, global.Output,
        };
        restore.SetAction(async (arguments, cancel) =>
        {
            var secret = BackupPassphrase.Get(arguments.GetValue(passphrase), isNew: false);
            var report = await new Restoration(arguments.GetValue(config)!, arguments.GetValue(hub)!)
                .Run(arguments.GetValue(file)!, secret, arguments.GetValue(replace), arguments.GetValue(audit), cancel);
            report = report with { Notes = Advice(report.Manifest) };
            Print(arguments.GetValue(global.Output), report, () => Tell(report));
            return (int)ExitCode.Ok;
        });
        return restore;
    }

    private static Command Show(GlobalOptions global)
    {
        var file = new Argument<string>("FILE") { Description = "A backup" };
        var passphrase = BackupPassphrase.Option();
        var show = new Command("show", "Check a backup to its last byte, and say what is in it. Example: waltvpn backup show /root/waltvpn-2026-11-22.backup") { file, passphrase, global.Output };
        show.SetAction(async (arguments, cancel) =>
        {
            var path = arguments.GetValue(file)!;
            var secret = BackupPassphrase.Get(arguments.GetValue(passphrase), isNew: false);
            var report = new BackupReport { File = path, Manifest = await Restoration.Read(path, secret, _ => Stream.Null, cancel) };
            Print(arguments.GetValue(global.Output), report, () =>
            {
                Console.WriteLine($"{TerminalText.Plain(path)}: whole; {Summary(report.Manifest)}");
                foreach (var member in report.Manifest.Files) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{member.Size,12}  {member.Name}"));
            });
            return (int)ExitCode.Ok;
        });
        return show;
    }

    private static Option<string> HubOption() => new("--hub-state")
    {
        Description = "Where waltvpn-hub keeps the addresses of nodes",
        HelpName = "FOLDER",
        DefaultValueFactory = _ => "/var/lib/waltvpn-hub",
    };

    private static void Print(OutputFormat format, BackupReport report, Action asTable)
    {
        ResultPrinter.PrintOne(format, report, BackupJson.Default.BackupReport, view => view.File, _ => asTable());
        if (format is not (OutputFormat.Table or OutputFormat.Wide)) return;
        foreach (var note in report.Notes) Console.WriteLine(TerminalText.Plain(note));
    }

    private static void Tell(BackupReport report)
    {
        Console.WriteLine($"Restored: {Summary(report.Manifest)}.");
        foreach (var decided in report.Decided) Console.WriteLine($"decided again: {TerminalText.Plain(decided)}");
        foreach (var kept in report.KeptAside) Console.WriteLine($"kept aside: {TerminalText.Plain(kept)}");
    }

    /// <summary>What the operator does next, and what nobody but she can know.</summary>
    private static string[] Advice(BackupManifest manifest) =>
    [
        $"What was decided after {manifest.MadeAt:u} is not in it, but for what --audit brought. Before nodes come in: revoke again whom you revoked since, disable whom you disabled, revoke",
        "  tokens that were used up; boards that joined since ask again. Not in it either: the machine's network, systemctl edit, other keys of sshd.",
        "The old server must stay off: two with the same keys are two platforms with one name.",
        "Next:",
        "  sudo systemctl restart waltvpn-ca waltvpn-hub",
        "  sudo systemctl enable --now waltvpn-hub waltvpnd",
        "  sudo waltvpn node revoke NAME                 whom you revoked since",
        "  sudo systemctl reload ssh                     from here on nodes come in",
        "  sudo waltvpn doctor",
    ];

    private static string Summary(BackupManifest manifest) => string.Create(
        CultureInfo.InvariantCulture,
        $"platform {TerminalText.Plain(manifest.Platform)}, server {TerminalText.Plain(manifest.ServerName)}, of {manifest.MadeAt:u}, {manifest.Files.Count} files, {manifest.Files.Sum(member => member.Size) / 1e6:0.0} MB");
}

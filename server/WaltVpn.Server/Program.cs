using System.Reflection;
using System.Text.Json;
using WaltVpn.Protocol;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Lan;
using WaltVpn.Server.Schema;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Startup;

const string Usage =
    """
    usage: waltvpnd [--config FILE] [--check | --show-settings | --copy-database FILE]
           waltvpnd --check-database FILE
           waltvpnd --replay FILE EXPORT

    The WaltVpn daemon: enrolment, certificates, administration.

      --config FILE   settings (default /etc/waltvpn/server.yaml)
      --check         read the settings, say what is wrong with them, and end
      --show-settings print every setting with what holds, as JSON, and end
      --copy-database copy the database into a new file, beside a daemon that goes on, print its schema and its boot images, and end
      --check-database print the schema of a copy, or say what is wrong with it, and end
      --replay        decide in a copy what an export of the audit trail, made later, says of nodes and tokens, print it, and end
      --version       print the version
      --help          print this

    example, in the foreground: waltvpnd --config ./server.yaml

    exit status: 0 stopped, 1 failed, 2 wrong usage
    """;
const int Stopped = 0, Failed = 1, WrongUsage = 2;

var version = Assembly.GetExecutingAssembly().GetName().Version!.ToString(3);
var config = "/etc/waltvpn/server.yaml";
var mode = "";
string? copy = null;
switch (args)
{
    case []:
        break;
    case ["--config", var file]:
        config = file;
        break;
    case ["--config", var file, "--check" or "--show-settings"]:
        (config, mode) = (file, args[2]);
        break;
    case ["--check" or "--show-settings"]:
        mode = args[0];
        break;
    case ["--config", var file, "--copy-database", var target]:
        (config, mode, copy) = (file, args[2], target);
        break;
    case ["--copy-database" or "--check-database", var target]:
        (mode, copy) = (args[0], target);
        break;
    case ["--replay", var target, var export]:
        (mode, copy, config) = (args[0], target, export);
        break;
    case ["--help"]:
        Console.WriteLine(Usage);
        return Stopped;
    case ["--version"]:
        Console.WriteLine(version);
        return Stopped;
    default:
        Console.Error.WriteLine($"waltvpnd: '{string.Join(' ', args)}' is not understood\n{Usage}");
        return WrongUsage;
}

#pragma warning disable CA1031 // Main is the last place to catch: a start that fails is one line that says why.
try
{
    if (mode == "--check-database")
    {
        Console.WriteLine(DatabaseCopy.Check(copy!));
        return Stopped;
    }

    if (mode == "--replay")
    {
        foreach (var decision in DatabaseCopy.Replay(copy!, config, TimeProvider.System.GetUtcNow())) Console.WriteLine(decision);
        return Stopped;
    }

    var settings = SettingsFile.Load(config, out var all);
    if (mode == "--copy-database")
    {
        Console.WriteLine(DatabaseCopy.Write(settings.DatabaseFile, copy!, TimeProvider.System.GetUtcNow()));
        foreach (var image in DatabaseCopy.Images(copy!)) Console.WriteLine(image);
    }

    if (mode == "--show-settings") Console.WriteLine(JsonSerializer.Serialize(all, ProtocolJson.Default.IReadOnlyListSettingView));
    if (mode.Length > 0) return Stopped;
    await using var app = await Daemon.Build(settings, TimeProvider.System, Daemon.LogToConsole);
    await app.Services.GetRequiredService<RevocationList>().Publish(CancellationToken.None);
    await app.StartAsync();
    app.Logger.Ready(version, settings.Platform, settings.Http.ToString(), settings.RuntimeDirectory);
    if (settings.Lan is { } lan) app.Logger.Listening(lan.EndPoint);
    await app.WaitForShutdownAsync();
    // A part that broke down stops the host as well, and must not look like an orderly end.
    var broken = app.Services.GetServices<IHostedService>().OfType<BackgroundService>().FirstOrDefault(service => service.ExecuteTask is { IsFaulted: true });
    return broken?.ExecuteTask?.Exception is { } cause ? throw cause : Stopped;
}
catch (Exception e)
{
    Console.Error.WriteLine($"waltvpnd: {e.Message}");
    return Failed;
}
#pragma warning restore CA1031

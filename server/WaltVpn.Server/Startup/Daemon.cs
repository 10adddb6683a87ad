using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Console;
using WaltVpn.Protocol;
using WaltVpn.Server.Audit;
using WaltVpn.Server.BootFiles;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.Expected;
using WaltVpn.Server.Following;
using WaltVpn.Server.Health;
using WaltVpn.Server.Http;
using WaltVpn.Server.HubLink;
using WaltVpn.Server.Lan;
using WaltVpn.Server.Life;
using WaltVpn.Server.Login;
using WaltVpn.Server.Nodes;
using WaltVpn.Server.Requests;
using WaltVpn.Server.Schema;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tokens;

namespace WaltVpn.Server.Startup;

/// <summary>Puts the daemon together: state, services, faces. What is missing at the first start is made here.</summary>
internal static class Daemon
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Builds the daemon, not yet listening.</summary>
    /// <param name="settings">Everything that can be set.</param>
    /// <param name="time">The clock of lives and expiries.</param>
    /// <param name="logging">Where the log goes.</param>
    /// <exception cref="IOException">The state cannot be read or made; the message says which part and why.</exception>
    public static async Task<WebApplication> Build(ServerSettings settings, TimeProvider time, Action<ILoggingBuilder> logging)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "waltvpnd" });
        logging(builder.Logging);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Listeners.Configure(kestrel, settings));
        var services = builder.Services;
        services.Configure<SocketTransportOptions>(options => options.CreateBoundListenSocket = endPoint => Listeners.Bind(endPoint, settings));
        services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(2));
        services.Configure<JsonOptions>(options =>
        {
            options.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
            options.SerializerOptions.TypeInfoResolverChain.Insert(0, ProtocolJson.Default);
            options.SerializerOptions.TypeInfoResolverChain.Insert(1, HttpJson.Default);
        });
        services.AddRouting();
        await AddState(services, settings, time, logging);
        services.AddSingleton<CertificateAuthority>().AddSingleton<CaAgent>().AddSingleton<RevocationList>();
        services.AddSingleton<Admission>().AddSingleton<RequestEvents>().AddSingleton<RequestDecisions>();
        services.AddSingleton<HubControl>().AddSingleton<NodeCut>().AddSingleton<NodeDecisions>().AddSingleton<LoginDesk>();
        services.AddSingleton<AdmittedSessions>().AddSingleton<SettingsDesk>().AddSingleton<ServerHealth>();
        services.AddSingleton<Refusals>().AddSingleton<LanGate>().AddSingleton<NodeConf>();
        services.AddSingleton<BootPublisher>().AddSingleton<ServedPairs>();
        services.AddSingleton<ServiceNotifier>().AddHostedService<Heartbeat>().AddHostedService<SettingsAnnouncer>();
        services.AddSingleton<NodeOrders>().AddHostedService<ReportListener>();
        var app = builder.Build();
        app.Services.GetRequiredService<StateLock>();
        app.UseTrustedProxies(settings);
        app.UseRequestLimits(settings);
        return Map(app);
    }

    private static WebApplication Map(WebApplication app)
    {
        app.UseRouting();
        app.UseFaces();
        var anybody = app.MapFace(Face.Public);
        anybody.MapBootFiles();
        var inside = app.MapFace(Face.Lan);
        inside.MapLanEnrollment();
        inside.MapNodeConf();
        var both = app.MapFace(Face.Public, Face.Lan);
        both.MapServerName();
        both.MapLegacyBootFiles();
        var administration = app.MapFace(Face.Administration);
        administration.MapNodes();
        administration.MapNodeLife();
        administration.MapRequests();
        administration.MapExpectedBoards();
        administration.MapTokens();
        administration.MapAudit();
        administration.MapHealth();
        administration.MapNodeSettings();
        administration.MapPlatform();
        administration.MapBootPublication();
        return app;
    }

    private static async Task AddState(IServiceCollection services, ServerSettings settings, TimeProvider time, Action<ILoggingBuilder> logging)
    {
        Directory.CreateDirectory(settings.StateDirectory, Private);
        // Before anything is touched: a second daemon, started by mistake, must not clear away what the first one uses.
        var stateLock = new StateLock(settings);
        // By a factory: the container disposes only what it made.
        services.AddSingleton(_ => stateLock);
        MakeFolders(settings);
        services.AddSingleton(settings).AddSingleton(time);
        var database = new Database(settings.DatabaseFile);
        if (database.Decide(db => SettingsEpoch.Begin(db, time.GetUtcNow()))) LoggerFactory.Create(logging).CreateLogger<Database>().SettingsNumbersAnew();
        services.AddSingleton(database);
        services.AddSingleton(await EnrollmentKey.LoadOrMake(settings, CancellationToken.None));
        services.AddSingleton(await PeerGate.Open(settings, LoggerFactory.Create(logging).CreateLogger<PeerGate>(), CancellationToken.None));
    }

    private static void MakeFolders(ServerSettings settings)
    {
        Directory.CreateDirectory(settings.RuntimeDirectory);
        if (Directory.Exists(settings.WorkDirectory)) Directory.Delete(settings.WorkDirectory, recursive: true);
        Directory.CreateDirectory(settings.WorkDirectory, Private);
        Directory.CreateDirectory(settings.BootImageDirectory, Private);
    }

    /// <summary>Under systemd the severity stands in front of each line, as journald reads it (sd-daemon(3)); else for a person.</summary>
    public static void LogToConsole(ILoggingBuilder logging)
    {
        logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning);
        // The framework's own word on a failed start is ours again, with a stack trace.
        logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        if (Environment.GetEnvironmentVariable("JOURNAL_STREAM") is not null) logging.AddSystemdConsole();
        else logging.AddSimpleConsole(options =>
            (options.SingleLine, options.ColorBehavior, options.TimestampFormat) = (true, LoggerColorBehavior.Default, "HH:mm:ss "));
    }
}

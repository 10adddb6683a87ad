using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using WaltVpn.Protocol;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Schema;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Startup;

namespace WaltVpn.Server.Tests.Parts;

/// <summary>A whole daemon in this process, on real sockets, SQLite, ssh-keygen and ssh-agent, in a folder of its own.</summary>
internal sealed class TestPlatform : IAsyncDisposable
{
    public const string Lan = "10.9.0.7 10.9.0.1";
    public const string Remote = "203.0.113.7 192.0.2.1";

    private WebApplication? _daemon;

    private TestPlatform(string folder, TestCa ca, RecordingHub hub, ServerSettings settings)
    {
        (Folder, Ca, Hub, Settings) = (folder, ca, hub, settings);
    }

    public string Folder { get; }

    public TestCa Ca { get; }

    public RecordingHub Hub { get; }

    /// <summary>Of the next start of the daemon.</summary>
    public ServerSettings Settings { get; set; }

    public ManualTime Time { get; } = new();

    public RecordedLog Log { get; } = new();

    public Database Database => _daemon!.Services.GetRequiredService<Database>();

    public RevocationList RevocationList => _daemon!.Services.GetRequiredService<RevocationList>();

    /// <summary>Makes the platform and starts its daemon.</summary>
    /// <param name="change">Changes to the settings.</param>
    public static async Task<TestPlatform> Start(Func<ServerSettings, ServerSettings>? change = null)
    {
        var folder = Directory.CreateTempSubdirectory("waltvpn-").FullName;
        var ca = await TestCa.Start(Path.Combine(folder, "ca"));
        var settings = SettingsFile.Parse(
            $"""
            platform: test
            serverName: srv.example.org
            stateDirectory: {folder}/state
            runtimeDirectory: {folder}/run
            http: {"{"} address: 127.0.0.1, port: 0, requestsPerSecond: 100000 {"}"}
            platformSubnet: 10.9.0.0/24
            hostKeyFiles: [{ca.PublicKeyFile}]
            caPublicKey: {ca.PublicKeyFile}
            caAgentSocket: {ca.AgentSocket}
            hubControlSocket: {folder}/hub.sock
            sshUser: {await Shell.Run("id", ["-un"])}
            operatorGroup: {await Shell.Run("id", ["-gn"])}
            """);
        var platform = new TestPlatform(folder, ca, new RecordingHub(settings.HubControlSocket), change?.Invoke(settings) ?? settings);
        try
        {
            await platform.StartDaemon();
            return platform;
        }
        catch
        {
            await platform.DisposeAsync();
            throw;
        }
    }

    public async Task StartDaemon()
    {
        _daemon = await Daemon.Build(Settings, Time, logging => logging.AddProvider(Log));
        await RevocationList.Publish(CancellationToken.None);
        await _daemon.StartAsync();
    }

    public async Task StopDaemon()
    {
        if (_daemon is null) return;
        await _daemon.DisposeAsync();
        _daemon = null;
    }

    /// <summary>Asks the administration.</summary>
    public Task<(HttpStatusCode Status, string Body)> Api(HttpMethod method, string path, RequestDecision? decision = null) =>
        Api(method, path, decision is null ? null : JsonSerializer.Serialize(decision, ProtocolJson.Default.RequestDecision));

    /// <summary>Asks the administration, with JSON.</summary>
    public async Task<(HttpStatusCode Status, string Body)> Api(HttpMethod method, string path, string? json)
    {
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(Settings.ApiSocket), cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        using var request = new HttpRequestMessage(method, "http://waltvpnd" + path);
        if (json is not null) request.Content = new StringContent(json, null, "application/json");
        using var answer = await http.SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>Runs waltvpn as a process of its own, in front of this platform's daemon.</summary>
    public Task<(int Status, string Output)> Waltvpn(params string[] arguments) =>
        Shell.Try("dotnet", [Path.Combine(AppContext.BaseDirectory, "waltvpn.dll"), "--socket", Settings.ApiSocket, .. arguments]);

    /// <summary>Makes an enrolment token.</summary>
    public async Task<NewToken> Token(int uses, TimeSpan life, string? tag = null)
    {
        var order = new TokenOrder { Uses = uses, LifeSeconds = (long)life.TotalSeconds, Tag = tag };
        return JsonSerializer.Deserialize(
            (await Api(HttpMethod.Post, Routes.Tokens, JsonSerializer.Serialize(order, ProtocolJson.Default.TokenOrder))).Body, ProtocolJson.Default.NewToken)!;
    }

    public async Task<IReadOnlyList<TokenView>> Tokens() =>
        JsonSerializer.Deserialize((await Api(HttpMethod.Get, Routes.Tokens)).Body, ProtocolJson.Default.IReadOnlyListTokenView)!;

    public async Task<IReadOnlyList<AuditEntry>> Audit() =>
        JsonSerializer.Deserialize((await Api(HttpMethod.Get, Routes.Audit + "?after=0")).Body, ProtocolJson.Default.IReadOnlyListAuditEntry)!;

    public async Task<IReadOnlyList<NodeView>> Nodes() =>
        JsonSerializer.Deserialize((await Api(HttpMethod.Get, Routes.Nodes)).Body, ProtocolJson.Default.IReadOnlyListNodeView)!;

    public async Task<IReadOnlyList<RequestView>> Requests() =>
        JsonSerializer.Deserialize((await Api(HttpMethod.Get, Routes.Requests)).Body, ProtocolJson.Default.IReadOnlyListRequestView)!;

    /// <summary>The request that waits for a decision, when it is there.</summary>
    public async Task<RequestView> OnePending()
    {
        RequestView? found = null;
        await Wait.Until(async () => (found = (await Requests()).SingleOrDefault(request => request.State == RequestState.Pending)) is not null);
        return found!;
    }

    /// <summary>Asks as sshd's helper does.</summary>
    public async Task<LoginAnswer> Login(LoginRequest request)
    {
        using var conversation = await Conversation.Open(Settings.LoginSocket);
        await conversation.Write(request, ProtocolJson.Default.LoginRequest);
        return await conversation.Read(ProtocolJson.Default.LoginAnswer);
    }

    public Task<LoginAnswer> Login(NodeIdentity identity)
    {
        var certificate = SshCertificate.Parse(identity.Certificate);
        return Login(new LoginRequest
        {
            Kind = LoginKind.Certificate,
            KeyId = certificate.KeyId,
            Serial = certificate.Serial,
            Certificate = identity.Certificate.Split(' ')[1],
        });
    }

    public async ValueTask DisposeAsync()
    {
        await StopDaemon();
        Hub.Dispose();
        Ca.Dispose();
        Log.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}

using Microsoft.AspNetCore.Http.HttpResults;
using WaltVpn.Protocol;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.Following;
using WaltVpn.Server.Http;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Nodes;

/// <summary>Route of the settings that go into an image (docs/protocol.md "Node settings").</summary>
internal static class NodeSettingsApi
{
    public static void MapNodeSettings(this IEndpointRouteBuilder routes) => routes.MapGet(Protocol.Routes.NodeSettings, Show);

    private static Results<Ok<NodeSettings>, ProblemHttpResult> Show(ServerSettings settings, EnrollmentKey enrollmentKey)
    {
        try
        {
            var files = SettingsFiles.Read(settings);
            // One without the other starts nothing.
            var hasBootFiles = settings.HttpEntrypoint is not null && files.BootKey is not null;
            return TypedResults.Ok(new NodeSettings
            {
                Platform = settings.Platform,
                SshEntrypoints = settings.SshEntrypoints.Select(Short).ToList(),
                HostKeys = files.HostKeys,
                EnrollmentKey = enrollmentKey.Private,
                HttpEntrypoint = hasBootFiles ? settings.HttpEntrypoint : null,
                BootKey = hasBootFiles ? files.BootKey : null,
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            const string Advice = "A host key: make one with 'ssh-keygen -A', or name its file under hostKeyFiles in server.yaml.";
            return Problems.Trouble($"A file that the settings are made from could not be read: {e.Message} {Advice}");
        }
    }

    private static string Short(SshEntrypoint entrypoint) =>
        entrypoint.Port == SshEntrypoint.DefaultPort && !entrypoint.Host.Contains(':', StringComparison.Ordinal)
            ? entrypoint.Host
            : entrypoint.ToString();
}

using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Data.Sqlite;
using Microsoft.Net.Http.Headers;
using WaltVpn.Protocol;
using WaltVpn.Server.Http;
using WaltVpn.Server.Nodes;
using WaltVpn.Server.Schema;
using WaltVpn.Server.Settings;
using MinDataRate = Microsoft.AspNetCore.Server.Kestrel.Core.MinDataRate;

namespace WaltVpn.Server.BootFiles;

/// <summary>Routes of the boot files (docs/protocol.md "Boot files").</summary>
internal static class BootFilesApi
{
    private static readonly string[] Reading = ["GET", "HEAD"];
    private static readonly MinDataRate SlowestLine = new(bytesPerSecond: 2000, gracePeriod: TimeSpan.FromSeconds(60));

    /// <summary>For nodes. A node that does not exist, was revoked, or has nothing to boot is the same 404 (docs/security.md HTTP-4).</summary>
    public static void MapBootFiles(this IEndpointRouteBuilder routes)
    {
        routes.MapMethods(Protocol.Routes.Boot + "/{node}/boot.sig", Reading, Signature);
        routes.MapMethods(Protocol.Routes.Boot + "/{node}/boot.img", Reading, Image);
    }

    /// <summary>For WalT's boards: the node is the one that enrolled from an address last. Any other text is the same 404.</summary>
    public static void MapLegacyBootFiles(this IEndpointRouteBuilder routes)
    {
        var address = routes.MapGroup(Protocol.Routes.LegacyPerIp + "/{dashed}");
        address.MapMethods("/boot.sig", Reading, (string dashed, HttpContext http, Database database, ServedPairs served) =>
            Signature(NodeOf(dashed, database), http, database, served));
        address.MapMethods(
            "/boot.img",
            Reading,
            (string dashed, HttpContext http, Database database, ServedPairs served, ServerSettings settings) =>
                Image(NodeOf(dashed, database), http, database, served, settings));
    }

    /// <summary>For operators.</summary>
    public static void MapBootPublication(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Protocol.Routes.BootFiles, List);
        routes.MapPost(Protocol.Routes.BootFiles + "/{board}", Publish);
    }

    private static Results<FileContentHttpResult, NotFound> Signature(string node, HttpContext http, Database database, ServedPairs served)
    {
        if (database.Read(db => CurrentOf(db, node)) is not { } pair) return TypedResults.NotFound();
        served.Note(node, ClientOf(http), pair.Id);
        // A cache between us and the node would break the pair.
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Bytes(Encoding.ASCII.GetBytes(pair.Signature), "text/plain");
    }

    private static Results<PhysicalFileHttpResult, NotFound> Image(
        string node, HttpContext http, Database database, ServedPairs served, ServerSettings settings)
    {
        var pair = database.Read(db => CurrentOf(db, node) is { } current
            ? (served.Find(node, ClientOf(http)) is { } noted ? BootTable.Find(db, noted) : null) ?? current
            : null);
        if (pair is null) return TypedResults.NotFound();
        http.Response.Headers.CacheControl = "no-cache";
        // Slower than the slowest line a node has is a reader that holds on to what others need.
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate) rate.MinDataRate = SlowestLine;
        return TypedResults.PhysicalFile(
            pair.ImageFile(settings), "application/octet-stream", enableRangeProcessing: true, entityTag: new EntityTagHeaderValue($"\"{pair.Sha256}\""));
    }

    /// <summary>Empty, as no node's id is, when no board enrolled from there.</summary>
    private static string NodeOf(string dashed, Database database) => database.Read(db => PerIpTable.NodeOf(db, dashed)) ?? "";

    private static BootPairRow? CurrentOf(SqliteConnection db, string node) =>
        NodeTable.Find(db, node) is { IsAccepted: true } row && Protocol.BootFiles.BoardOf(row.ClaimModel) is { } board ? BootTable.Current(db, board) : null;

    // Of the connection: no header decides what is served (docs/security.md HTTP-5).
    private static IPAddress ClientOf(HttpContext http) => http.Features.GetRequiredFeature<FaceOfConnection>().Peer;

    private static Ok<BootPairView[]> List(Database database)
    {
        var pairs = database.Read(BootTable.All);
        var current = pairs.GroupBy(pair => pair.Board).Select(board => board.First().Id).ToHashSet();
        return TypedResults.Ok(pairs.Select(pair => pair.View(current.Contains(pair.Id))).ToArray());
    }

    private static async Task<Results<Ok<BootPairView>, ProblemHttpResult>> Publish(
        string board, HttpContext http, BootPublisher publisher, ILogger<BootPublisher> log)
    {
        if (!Protocol.BootFiles.Boards.Contains(board))
            return Problems.BadRequest($"There is no board of that name. Known: {string.Join(", ", Protocol.BootFiles.Boards)}.");
        if (ReadSignature(http.Request.Headers[Protocol.BootFiles.SignatureHeader].ToString()) is not { } signature)
            return Problems.BadRequest($"The header {Protocol.BootFiles.SignatureHeader} must hold a boot.sig, base64.");
        var by = await Operator.NameOf(http);
        http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = Protocol.BootFiles.MaxImageSize;
        try
        {
            return TypedResults.Ok((await publisher.Publish(board, signature, http.Request.Body, by, http.RequestAborted)).View(current: true));
        }
        catch (PublicationException e)
        {
            log.Refused(board, by, e.Message);
            return Problems.Conflict($"Nothing was published: {e.Message}.");
        }
        catch (BadHttpRequestException e)
        {
            return Problems.BadRequest($"Nothing was published: {e.Message} At most {Protocol.BootFiles.MaxImageSize} bytes are taken.");
        }
    }

    /// <summary>Written in the one way there is, signed, and for no chip: boot.img knows its board.</summary>
    private static SignatureFile? ReadSignature(string header)
    {
        var bytes = new byte[header.Length];
        if (!Convert.TryFromBase64String(header, bytes, out var length)) return null;
        var text = Encoding.Latin1.GetString(bytes, 0, length);
        try
        {
            var file = SignatureFile.Parse(text);
            return file is { Signature: not null, Chip: null } && file.ToText() == text ? file : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}

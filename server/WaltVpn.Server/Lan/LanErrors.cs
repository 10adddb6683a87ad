using System.Net;
using System.Text;
using System.Text.Json;
using WaltVpn.Server.Http;

namespace WaltVpn.Server.Lan;

/// <summary>
/// An error on the LAN face, in the form that the caller's header <c>Prefer</c> asks for: <c>errors=text-only</c>, <c>errors=json</c>, else HTML
/// (docs/protocol.md "WalT's HTTP protocol").
/// </summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Reason">For the caller: a sentence without its full stop; nothing the caller sent is repeated in it.</param>
internal sealed record LanErrors(int Status, string Reason) : IResult
{
    /// <summary>The caller is none of the platform's network, or must wait for a person.</summary>
    public static LanErrors Forbidden(string reason) => new(StatusCodes.Status403Forbidden, reason);

    /// <summary>Any other refusal.</summary>
    public static LanErrors BadRequest(string reason) => new(StatusCodes.Status400BadRequest, reason);

    /// <summary>No such thing.</summary>
    public static LanErrors NotFound(string reason = "not found") => new(StatusCodes.Status404NotFound, reason);

    /// <summary>The server cannot do it now.</summary>
    public static LanErrors Trouble(string reason) => new(StatusCodes.Status503ServiceUnavailable, reason);

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        var view = new LanErrorView { Error = Reason, StatusCode = Status };
        var (type, text) = httpContext.Request.Headers["Prefer"].ToString() switch
        {
            "errors=text-only" => ("text/plain", Reason + "\n"),
            "errors=json" => ("application/json", JsonSerializer.Serialize(view, HttpJson.Default.LanErrorView)),
            _ => ("text/html", $"<!DOCTYPE html>\n<title>Error {Status}</title>\n<p>{WebUtility.HtmlEncode(Reason)}</p>\n"),
        };
        return Results.Text(text, type, Encoding.UTF8, Status).ExecuteAsync(httpContext);
    }
}

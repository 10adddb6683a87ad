using System.Text;
using Microsoft.Net.Http.Headers;
using WaltVpn.Server.Enrollment;

namespace WaltVpn.Server.Lan;

/// <summary>
/// The public key of an enrolment by WalT's HTTP protocol: field <c>ssh-pubkey</c> of a multipart/form-data body, a file's content or a plain value.
/// </summary>
/// <param name="Key">The key; null when it was refused.</param>
/// <param name="Refusal">Why; null when it was not.</param>
internal sealed record SubmittedKey(NodePublicKey? Key, string? Refusal)
{
    private const string Form = "multipart/form-data";
    private const string Field = "ssh-pubkey";

    /// <summary>Reads the body. Its size is bounded by the listener while it is read (docs/security.md HTTP-6); other fields are not looked at.</summary>
    /// <exception cref="BadHttpRequestException">It is too long, too slow, or cut.</exception>
    public static async Task<SubmittedKey> Read(HttpRequest request, CancellationToken cancel)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.MediaType.Equals(Form, StringComparison.OrdinalIgnoreCase))
            return new SubmittedKey(null, $"send {Form} with the field {Field}");
        try
        {
            var form = await request.ReadFormAsync(cancel);
            var files = form.Files.Where(file => file.Name == Field).ToList();
            var values = form[Field];
            return (files, values.Count) switch
            {
                ([var file], 0) => Parse(await Content(file, cancel)),
                ([], 1) => Parse(values.ToString()),
                ([], 0) => new SubmittedKey(null, $"the public key is missing: field {Field}"),
                _ => new SubmittedKey(null, $"the field {Field} is there more than once"),
            };
        }
        catch (Exception e) when (e is InvalidDataException or (IOException and not BadHttpRequestException))
        {
            // The second: it ends before its last boundary.
            return new SubmittedKey(null, $"the body is not {Form}");
        }
    }

    /// <summary>Takes the content of a .pub file: one line, whose comment is dropped, with or without its line end.</summary>
    internal static SubmittedKey Parse(string text)
    {
        var line = text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
        if (line.Any(c => c is < ' ' or > '~' && !char.IsLetterOrDigit(c))) return new SubmittedKey(null, $"the field {Field} is not one line of text");
        var words = line.Split(' ', 3);
        return words.Length < 2 ? new SubmittedKey(null, $"the field {Field} holds no public key")
            : NodePublicKey.TryParseAny($"{words[0]} {words[1]}", out var key, out var refusal) ? new SubmittedKey(key, null)
            : new SubmittedKey(null, refusal);
    }

    private static async Task<string> Content(IFormFile file, CancellationToken cancel)
    {
        using var reader = new StreamReader(file.OpenReadStream(), Encoding.UTF8, detectEncodingFromByteOrderMarks: false);
        return await reader.ReadToEndAsync(cancel);
    }
}

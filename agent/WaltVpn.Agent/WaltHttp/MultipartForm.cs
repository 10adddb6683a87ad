using System.Security.Cryptography;
using System.Text;

namespace WaltVpn.Agent.WaltHttp;

/// <summary>A form with one field (RFC 7578).</summary>
internal sealed class MultipartForm
{
    /// <param name="name">Of the field; letters, digits and hyphens.</param>
    /// <param name="value">ASCII.</param>
    public MultipartForm(string name, string value)
    {
        // Random, so that no value can hold it.
        var boundary = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        ContentType = $"multipart/form-data; boundary={boundary}";
        Body = Encoding.ASCII.GetBytes($"--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n--{boundary}--\r\n");
    }

    public string ContentType { get; }

    public byte[] Body { get; }
}

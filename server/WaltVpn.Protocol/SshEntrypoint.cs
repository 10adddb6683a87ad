using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace WaltVpn.Protocol;

/// <summary>A host and a TCP port where SSH is answered.</summary>
/// <param name="Host">A DNS name in lower case, an IPv4 address, or an IPv6 address without brackets.</param>
/// <param name="Port">1..65535.</param>
public sealed record SshEntrypoint(string Host, int Port)
{
    /// <summary>The port of SSH (RFC 4253 section 4.1).</summary>
    public const int DefaultPort = 22;

    /// <summary>Reads <c>host</c>, <c>host:port</c>, <c>[ipv6]</c> or <c>[ipv6]:port</c>. Nothing that ssh could take for an option passes.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out SshEntrypoint? entrypoint)
    {
        entrypoint = null;
        if (string.IsNullOrEmpty(text)) return false;
        var (host, port) = (text, "");
        if (text[0] == '[')
        {
            var end = text.IndexOf(']', StringComparison.Ordinal);
            if (end < 0) return false;
            (host, port) = (text[1..end], text[(end + 1)..]);
            // A scope would be anything.
            if (host.Contains('%', StringComparison.Ordinal) || !IPAddress.TryParse(host, out var address) || address.AddressFamily != AddressFamily.InterNetworkV6) return false;
            if (port.Length > 0 && port[0] != ':') return false;
            port = port.Length > 0 ? port[1..] : "";
            if (port.Length == 0 && text[^1] == ':') return false;
        }
        else
        {
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            if (colon >= 0)
            {
                (host, port) = (text[..colon], text[(colon + 1)..]);
                if (port.Length == 0) return false;
            }

            if (!IsHostName(host)) return false;
        }

        var number = DefaultPort;
        if (port.Length > 0 && !(int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number is > 0 and <= 65535)) return false;
        entrypoint = new SshEntrypoint(host, number);
        return true;
    }

    /// <summary>Labels of 1..63 letters, digits and inner hyphens, joined by dots, at most 253 characters (RFC 1123 section 2.1).</summary>
    public static bool IsHostName(string text) =>
        text.Length is > 0 and <= 253 && text.Split('.').All(label =>
            label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-'
            && label.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'));

    /// <summary><c>host:port</c>, or <c>[host]:port</c> when the host is an IPv6 address.</summary>
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}

using System.Text.Json;

namespace WaltVpn.Protocol;

/// <summary>
/// Everything a node follows, as its server has it now: the answer to <see cref="TunnelCommand.Settings"/>, one line of JSON.
/// </summary>
/// <remarks>
/// docs/protocol.md "Settings document". The same settings always give the same bytes: the members stand in this order, without space between them.
/// Nothing in it is secret.
/// </remarks>
public sealed record SettingsDocument
{
    /// <summary>The only version there is.</summary>
    public const int CurrentVersion = 1;

    /// <summary>Bytes of the line at most, line feed included.</summary>
    public const int MaxLength = 16 * 1024;

    /// <summary>Entries of each list at most.</summary>
    public const int MaxEntries = 8;

    /// <summary>Bytes of the certificate line at most.</summary>
    public const int MaxCertificateLength = 4096;

    /// <summary>Bytes, DER, of the CA's certificate at most: what a file in a bootloader image can hold.</summary>
    public const int MaxAuthorityLength = 4076;

    /// <summary>A quarter of an hour.</summary>
    public const int DefaultAskAgainSeconds = 900;

    /// <summary>JSON numbers are exact up to here for every reader.</summary>
    public const long MaxCounter = (1L << 53) - 1;

    private const int MaxBootKeyLength = 1024;
    private const int NodeIdLength = 32;

    /// <summary><see cref="CurrentVersion"/>.</summary>
    public required int Version { get; init; }

    /// <summary>The platform's id.</summary>
    public required string Platform { get; init; }

    /// <summary>Whose settings these are: 32 lower-case hexadecimal digits.</summary>
    public required string NodeId { get; init; }

    /// <summary>Rises exactly when anything else in the document changes, and never falls. 1..<see cref="MaxCounter"/>.</summary>
    public required long Counter { get; init; }

    /// <summary>Where SSH is answered, <c>host:port</c>, tried in this order; 1..<see cref="MaxEntries"/>.</summary>
    public required IReadOnlyList<string> SshEntrypoints { get; init; }

    /// <summary>The server's host keys (<see cref="HostKeyLine"/>), which answer behind each entrypoint; 1..<see cref="MaxEntries"/>.</summary>
    public required IReadOnlyList<string> HostKeys { get; init; }

    /// <summary>Where the board's firmware fetches boot files; null: the server has none to offer.</summary>
    public HttpEntrypoint? HttpEntrypoint { get; init; }

    /// <summary>What the board may boot.</summary>
    public required BootMode BootMode { get; init; }

    /// <summary>MAC address of the node on the platform's network.</summary>
    public required MacAddress VpnMac { get; init; }

    /// <summary>What boot.img must be signed with: DER of the public key (SubjectPublicKeyInfo), base64; null: the server has none yet.</summary>
    public string? BootKey { get; init; }

    /// <summary>Certificate of the CA whose hosts may serve boot files over HTTPS: DER, base64; null: what the board has stays.</summary>
    public string? BootCaCertificate { get; init; }

    /// <summary>When the oldest bootloader that may be written was built, seconds since 1970; null: any may be.</summary>
    public long? LeastBootloader { get; init; }

    /// <summary>The boot image that its board gets now, so that a node finds out when it was given another; null: none is published.</summary>
    public NewestImage? BootImage { get; init; }

    /// <summary>How long a node that runs waits before it asks again, with up to half of it more at random; 60..86400.</summary>
    public int AskAgainSeconds { get; init; } = DefaultAskAgainSeconds;

    /// <summary>The newest certificate of the node's key, one line <c>type base64</c>.</summary>
    public required string Certificate { get; init; }

    /// <summary>The document's line, without line feed.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, ProtocolJson.Default.SettingsDocument);

    /// <summary>Reads and checks a line. Members that a newer server has are ignored.</summary>
    /// <param name="line">Without line feed.</param>
    /// <exception cref="FormatException">It is no settings document; the message names the member and what is wrong with it.</exception>
    public static SettingsDocument Parse(ReadOnlySpan<byte> line)
    {
        if (line.Length >= MaxLength) throw new FormatException($"it has {line.Length} bytes, a settings document has less than {MaxLength}");
        try
        {
            var document = JsonSerializer.Deserialize(line, ProtocolJson.Default.SettingsDocument) ?? throw new FormatException("it is null");
            return document.Problem() is { } problem ? throw new FormatException(problem) : document;
        }
        catch (JsonException mistake)
        {
            throw new FormatException($"{mistake.Path}: {mistake.Message}", mistake);
        }
    }

    /// <summary>What keeps a node from using it; null: nothing.</summary>
    private string? Problem()
    {
        if (Version != CurrentVersion) return $"version {Version}, this program knows {CurrentVersion}";
        if (Platform.Length > 63 || !SshEntrypoint.IsHostName(Platform)) return "platform is no id of a platform";
        if (NodeId.Length != NodeIdLength || !NodeId.All(char.IsAsciiHexDigitLower)) return "nodeId is no id of a node";
        if (Counter is < 1 or > MaxCounter) return $"counter is {Counter}";
        if (AskAgainSeconds is < 60 or > 86_400) return $"askAgainSeconds is {AskAgainSeconds}";
        if (SshEntrypoints.Count is 0 or > MaxEntries) return $"sshEntrypoints has {SshEntrypoints.Count} entries";
        if (!SshEntrypoints.All(text => SshEntrypoint.TryParse(text, out var place) && place.ToString() == text))
            return "sshEntrypoints has an entry that is no host:port";
        if (HostKeys.Count is 0 or > MaxEntries) return $"hostKeys has {HostKeys.Count} entries";
        if (!HostKeys.All(HostKeyLine.IsUsable)) return $"hostKeys has an entry that is no {HostKeyLine.Form}";
        if (HttpEntrypoint is { IsUsable: false }) return "httpEntrypoint has another host, port or path than a bootloader takes";
        if (BootKey is { } key && !IsBase64(key, MaxBootKeyLength)) return "bootKey is no base64 of a key";
        if (BootCaCertificate is { } authority && !IsBase64(authority, MaxAuthorityLength)) return "bootCaCertificate is no base64 of a certificate";
        // 9999-12-31, the end of dates.
        if (LeastBootloader is < 1 or > 253_402_300_799) return $"leastBootloader is {LeastBootloader}";
        if (BootImage is { IsValid: false }) return "bootImage has another hash, epoch or time than an image has";
        if (Certificate.Length > MaxCertificateLength || !Certificate.All(c => c is >= ' ' and <= '~')) return "certificate is no line of a certificate";
        return null;
    }

    private static bool IsBase64(string text, int maxLength)
    {
        if (text.Length is 0 || text.Length > (maxLength + 2) / 3 * 4) return false;
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) && length <= maxLength && Convert.ToBase64String(bytes.AsSpan(0, length)) == text;
    }
}

/// <summary>Where a board's firmware fetches boot files.</summary>
public sealed record HttpEntrypoint
{
    /// <summary>The port of HTTP.</summary>
    public const int DefaultPort = 80;

    /// <summary>A host name in lower case, or an IPv4 address.</summary>
    public required string Host { get; init; }

    /// <summary>1..65535.</summary>
    public required int Port { get; init; }

    /// <summary>Of the folder with boot.sig and boot.img; no slash at its start.</summary>
    public required string Path { get; init; }

    private const int MaxPathLength = 128;

    /// <summary>True when a bootloader takes all of it.</summary>
    internal bool IsUsable => SshEntrypoint.IsHostName(Host) && Port is > 0 and <= 65535 && Path.Length is > 0 and <= MaxPathLength && Path[0] != '/'
        && Path.All(c => char.IsAsciiLetterOrDigit(c) || "./_~-".Contains(c, StringComparison.Ordinal));
}

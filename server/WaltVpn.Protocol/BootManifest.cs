using System.Text.Json;

namespace WaltVpn.Protocol;

/// <summary>What a boot.img says of itself: the file <see cref="FileName"/> in it, so that boot.sig covers it (docs/protocol.md "Boot files").</summary>
/// <remarks>The board's firmware does not read it; stage 1 of a card does.</remarks>
public sealed record BootManifest
{
    /// <summary>Its name in the image's root folder.</summary>
    public const string FileName = "manifest.json";

    /// <summary>The only version there is.</summary>
    public const int CurrentVersion = 1;

    /// <summary>Bytes of the file at most.</summary>
    public const int MaxLength = 4096;

    /// <summary>Leads the epoch on the kernel's command line of a boot.img: what runs from it knows it.</summary>
    public const string EpochParameter = "waltvpn.epoch=";

    /// <summary>JSON numbers are exact up to here for every reader.</summary>
    public const long MaxEpoch = (1L << 53) - 1;

    /// <summary><see cref="CurrentVersion"/>.</summary>
    public required int Version { get; init; }

    /// <summary>Which boards boot it, e.g. <c>rpi-5-b</c>.</summary>
    public required string Board { get; init; }

    /// <summary>0..<see cref="MaxEpoch"/>. A node that came in with an image starts none with a lower number any more.</summary>
    public required long Epoch { get; init; }

    /// <summary>When it was built, UTC.</summary>
    public required DateTimeOffset BuildTime { get; init; }

    /// <summary>The kernel's file in the root folder; gzip when its name ends in <c>.gz</c>.</summary>
    public required string Kernel { get; init; }

    /// <summary>The initramfs' file in the root folder.</summary>
    public required string Initramfs { get; init; }

    /// <summary>The file in the root folder whose first line the kernel is started with.</summary>
    public required string CommandLine { get; init; }

    /// <summary>The file's bytes.</summary>
    public byte[] ToBytes() => [.. JsonSerializer.SerializeToUtf8Bytes(this, ProtocolJson.Default.BootManifest), (byte)'\n'];

    /// <summary>Reads and checks a file. Members that a newer builder writes are ignored.</summary>
    /// <exception cref="FormatException">It is no manifest; the message says what is wrong with it.</exception>
    public static BootManifest Parse(ReadOnlySpan<byte> file)
    {
        if (file.Length > MaxLength) throw new FormatException($"it has {file.Length} bytes, a manifest has at most {MaxLength}");
        try
        {
            var manifest = JsonSerializer.Deserialize(file, ProtocolJson.Default.BootManifest) ?? throw new FormatException("it is null");
            return manifest.Problem() is { } problem ? throw new FormatException(problem) : manifest;
        }
        catch (JsonException mistake)
        {
            throw new FormatException($"{mistake.Path}: {mistake.Message}", mistake);
        }
    }

    private string? Problem()
    {
        if (Version != CurrentVersion) return $"version {Version}, this program knows {CurrentVersion}";
        if (Epoch is < 0 or > MaxEpoch) return $"epoch is {Epoch}";
        string[] names = [Kernel, Initramfs, CommandLine];
        return Array.Find(names, name => name.Length is 0 or > 64 || name[0] == '.' || !name.All(c => char.IsAsciiLetterOrDigit(c) || "._-".Contains(c)))
            is { } wrong ? $"'{wrong}' is no name of a file in it" : null;
    }
}

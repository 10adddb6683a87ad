using System.Text.Json;
using System.Text.Json.Serialization;
using WaltVpn.Agent.Startup;

namespace WaltVpn.Agent.BootFiles;

/// <summary>What a card remembers of boot images; each is named by the SHA-256 of its boot.img, lower-case hexadecimal.</summary>
/// <remarks>One file, replaced as a whole: at any moment of a power cut it is the one before a step or the one after it.</remarks>
internal sealed record BootRecord
{
    /// <summary>Its name in the cache.</summary>
    public const string FileName = "record.json";

    /// <summary>How many images that came in are kept.</summary>
    public const int Kept = 2;

    /// <summary>Images with which the node came in, the one to start first.</summary>
    public IReadOnlyList<string> Good { get; init; } = [];

    /// <summary>An image that was started and has not come in; null: none.</summary>
    public string? Tried { get; init; }

    /// <summary>Of <see cref="Tried"/>.</summary>
    public long TriedEpoch { get; init; }

    /// <summary>How often <see cref="Tried"/> was started.</summary>
    public int Tries { get; init; }

    /// <summary>The last start was a try: the next one belongs to another image.</summary>
    public bool TriedLast { get; init; }

    /// <summary>Starts in a row of images in <see cref="Good"/> after which the node did not come in.</summary>
    public int InVain { get; init; }

    /// <summary>Highest epoch with which the node came in: below it nothing is started any more (docs/security.md BOOT-3).</summary>
    public long Epoch { get; init; }

    /// <summary>When the server last named the first image of <see cref="Good"/>, seconds since 1970.</summary>
    public long NamedAt { get; init; }

    /// <summary>A whole image of the server's that is not for this board; null: none. It is not fetched again.</summary>
    public string? Refused { get; init; }

    /// <summary>The file's bytes.</summary>
    public byte[] ToBytes() => SealedFile.Seal(JsonSerializer.SerializeToUtf8Bytes(this, BootRecordJson.Default.BootRecord));

    /// <summary>Reads a file.</summary>
    /// <exception cref="FormatException">It is damaged.</exception>
    public static BootRecord Parse(ReadOnlySpan<byte> file)
    {
        try
        {
            return JsonSerializer.Deserialize(SealedFile.Open(file), BootRecordJson.Default.BootRecord) ?? throw new FormatException("it is null");
        }
        catch (JsonException damage)
        {
            throw new FormatException(damage.Message, damage);
        }
    }

    /// <summary>An image is about to be started.</summary>
    /// <param name="image">Which.</param>
    /// <param name="epoch">Of its manifest.</param>
    /// <param name="named">When the server named it, in this start; null: it did not.</param>
    public BootRecord Starting(string image, long epoch, DateTimeOffset? named)
    {
        if (!Good.Contains(image))
            return this with { Tried = image, TriedEpoch = epoch, Tries = Tried == image ? Tries + 1 : 1, TriedLast = true };
        // What the server names is what is started first, also without it.
        var good = named is null ? Good : [image, .. Good.Where(other => other != image)];
        return this with { Good = good, TriedLast = false, InVain = InVain + 1, NamedAt = named?.ToUnixTimeSeconds() ?? NamedAt };
    }

    /// <summary>The node came in with an image.</summary>
    /// <param name="image">Which; null: with what the card itself holds.</param>
    public BootRecord CameIn(string? image, DateTimeOffset now)
    {
        if (image is not null && image == Tried)
        {
            return this with
            {
                Good = [image, .. Good.Where(other => other != image).Take(Kept - 1)],
                Tried = null,
                TriedEpoch = 0,
                Tries = 0,
                TriedLast = false,
                InVain = 0,
                Epoch = Math.Max(Epoch, TriedEpoch),
                NamedAt = now.ToUnixTimeSeconds(),
            };
        }

        return this with { TriedLast = false, InVain = 0 };
    }

    /// <summary>Lists compare by content.</summary>
    public bool Equals(BootRecord? other) => other is not null && ToBytes().AsSpan().SequenceEqual(other.ToBytes());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Tried, Tries, InVain, Good.Count);
}

/// <summary>JSON of the agent's own file.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(BootRecord))]
internal sealed partial class BootRecordJson : JsonSerializerContext;

using System.Text.Json;
using System.Text.Json.Serialization;

namespace WaltVpn.Agent.Guests.Qmp;

/// <summary>One line from QEMU (QEMU's docs/interop/qmp-spec): a greeting, an answer, or an event. Of each only what is used here.</summary>
/// <remarks>QEMU runs a guest that nobody trusts: what it says is foreign text, bounded in length and read strictly.</remarks>
internal sealed record QmpMessage
{
    /// <summary>Bytes of a line at most. The longest that is asked for here has some hundred.</summary>
    public const int MaxLength = 64 * 1024;

    /// <summary>The greeting's member.</summary>
    [JsonPropertyName("QMP")]
    public QmpGreeting? Greeting { get; init; }

    /// <summary>Of an answer: which command it is to.</summary>
    public long? Id { get; init; }

    /// <summary>Of an answer: it was done.</summary>
    public QmpReturn? Return { get; init; }

    /// <summary>Of an answer: it was not.</summary>
    public QmpError? Error { get; init; }

    /// <summary>Of an event: its name.</summary>
    public string? Event { get; init; }

    /// <summary>Of an event: what belongs to it; null: nothing.</summary>
    public QmpEventData? Data { get; init; }

    /// <summary>Reads a line.</summary>
    /// <exception cref="FormatException">It is no message.</exception>
    public static QmpMessage Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            var message = JsonSerializer.Deserialize(line, QmpJson.Default.QmpMessage) ?? throw new FormatException("it is null");
            object?[] kinds = [message.Greeting, message.Return, message.Error, message.Event];
            return kinds.Count(kind => kind is not null) == 1 ? message : throw new FormatException("it is neither greeting nor answer nor event");
        }
        catch (JsonException mistake)
        {
            throw new FormatException($"it is no message: {mistake.Path}", mistake);
        }
    }
}

/// <summary>That it is there is all that counts.</summary>
internal sealed record QmpGreeting;

/// <summary>The members of all answers that are asked for here.</summary>
internal sealed record QmpReturn
{
    /// <summary>query-kvm: the guest runs with it.</summary>
    public bool? Enabled { get; init; }

    /// <summary>query-status: <c>running</c> and others.</summary>
    public string? Status { get; init; }
}

/// <summary>Why a command was not carried out.</summary>
internal sealed record QmpError
{
    /// <summary>QEMU's word.</summary>
    public required string Class { get; init; }

    /// <summary>In words.</summary>
    public required string Desc { get; init; }
}

/// <summary>The members of all events that are looked at here.</summary>
internal sealed record QmpEventData
{
    /// <summary>SHUTDOWN: <c>guest-reset</c>, <c>guest-shutdown</c> and others.</summary>
    public string? Reason { get; init; }

    /// <summary>DEVICE_DELETED: which.</summary>
    public string? Device { get; init; }
}

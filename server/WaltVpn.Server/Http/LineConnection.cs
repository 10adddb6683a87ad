using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json.Serialization.Metadata;

namespace WaltVpn.Server.Http;

/// <summary>A connection that speaks in lines: each is read whole, within a length and a time.</summary>
/// <param name="pipe">The connection's bytes; owned by the caller.</param>
internal sealed class LineConnection(IDuplexPipe pipe)
{
    /// <summary>Reads one line.</summary>
    /// <param name="maxLength">Bytes, line feed included.</param>
    /// <param name="patience">How long to wait for the line feed.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>The line without its line feed.</returns>
    /// <exception cref="InvalidDataException">It is too long, too late, or the peer closed before its end.</exception>
    public async Task<byte[]> ReadLine(int maxLength, TimeSpan patience, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(patience);
        try
        {
            while (true)
            {
                var result = await pipe.Input.ReadAsync(deadline.Token);
                var buffer = result.Buffer;
                if (buffer.PositionOf((byte)'\n') is { } end && buffer.Slice(0, end).Length < maxLength)
                {
                    var line = buffer.Slice(0, end).ToArray();
                    pipe.Input.AdvanceTo(buffer.GetPosition(1, end));
                    return line;
                }

                pipe.Input.AdvanceTo(buffer.Start, buffer.End);
                if (buffer.Length >= maxLength) throw new InvalidDataException($"a line is longer than {maxLength} bytes");
                if (result.IsCompleted) throw new InvalidDataException("closed before the end of a line");
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new InvalidDataException($"no line within {patience.TotalSeconds} s");
        }
    }

    /// <summary>Writes a value as one line of JSON.</summary>
    public async Task WriteLine<T>(T value, JsonTypeInfo<T> type, CancellationToken cancel) =>
        await pipe.Output.WriteAsync((byte[])[.. System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(value, type), (byte)'\n'], cancel);
}

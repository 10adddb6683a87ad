using System.Text;

namespace WaltVpn.Agent.Guests;

/// <summary>
/// Makes lines for the node's log from what a guest prints on its serial port: foreign bytes without end. What is not printable is left out, a line is cut,
/// and a guest that prints without pause cannot drown the board's own lines.
/// </summary>
internal sealed class GuestLines(TimeProvider time, Action<string> print)
{
    private const int MostLength = 240;
    private const int MostInBurst = 400;
    private const int LinesPerSecond = 20;
    private const byte Escape = 0x1B;

    private readonly StringBuilder _line = new();
    private bool _cut;
    private EscapeState _escape;
    private double _budget = MostInBurst;
    private long _since = time.GetTimestamp();
    private int _leftOut;

    private enum EscapeState
    {
        None,
        Begun,
        Sequence,
    }

    /// <summary>Takes the next bytes.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            if (IsOfEscape(value)) continue;
            if (value == '\n') End();
            else if (value is < (byte)' ' or > (byte)'~') continue;
            else if (_line.Length < MostLength) _line.Append((char)value);
            else _cut = true;
        }
    }

    /// <summary>What came last, without its end.</summary>
    public void End()
    {
        if (_line.Length > 0) Print(_cut ? $"{_line} …" : _line.ToString());
        _line.Clear();
        _cut = false;
    }

    // ECMA-48: colours and cursor movements are ESC [ … letter; others are ESC and one character.
    private bool IsOfEscape(byte value)
    {
        (var inside, _escape) = (_escape, value) switch
        {
            (_, Escape) => (true, EscapeState.Begun),
            (EscapeState.None, _) => (false, EscapeState.None),
            (EscapeState.Begun, (byte)'[') => (true, EscapeState.Sequence),
            (EscapeState.Begun, _) => (true, EscapeState.None),
            (EscapeState.Sequence, >= (byte)'@' and <= (byte)'~') => (true, EscapeState.None),
            (EscapeState.Sequence, < (byte)' ') => (false, EscapeState.None),
            (EscapeState.Sequence, _) => (true, EscapeState.Sequence),
        };
        return inside;
    }

    private void Print(string line)
    {
        _budget = Math.Min(MostInBurst, _budget + (time.GetElapsedTime(_since).TotalSeconds * LinesPerSecond));
        _since = time.GetTimestamp();
        if (_budget < 1)
        {
            _leftOut++;
            return;
        }

        if (_leftOut > 0) print($"({_leftOut} lines left out)");
        _leftOut = 0;
        _budget--;
        print(line);
    }
}

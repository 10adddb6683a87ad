using System.Text;
using WaltVpn.Linux;

namespace WaltVpn.Hub;

/// <summary>One line per state change on standard error, with the priority in front that journald reads (sd-daemon(3)).</summary>
internal static class Log
{
    public static void Warning(string text) => Write("<4>", text);

    public static void Notice(string text) => Write("<5>", text);

    public static void Info(string text) => Write("<6>", text);

    /// <summary>Writes one line without a priority, for the person or program that started us.</summary>
    public static void Plain(string text) => Write("", text);

    private static void Write(string priority, string text)
    {
        // Nothing that came from outside may begin a line of its own.
        var line = Encoding.UTF8.GetBytes(priority + string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)) + "\n");
        // A log that nobody reads any more must not end the program.
        FileDescriptor.Inherited(2).TryWrite(line);
    }
}

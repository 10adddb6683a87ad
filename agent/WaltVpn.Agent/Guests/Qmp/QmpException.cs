namespace WaltVpn.Agent.Guests.Qmp;

/// <summary>QEMU refused a command, or cannot be spoken to any more. The message is a sentence's end: <c>… : the message</c>.</summary>
/// <param name="refused">QEMU answered, and said no.</param>
internal sealed class QmpException(string message, bool refused = false, Exception? cause = null) : IOException(message, cause)
{
    public bool Refused => refused;
}

namespace WaltVpn.Agent.BootFiles;

/// <summary>A boot image cannot be used. The message is the reason, for the log: <c>it is …</c>.</summary>
/// <param name="isOthers">It is whole and signed, and will never be for this board.</param>
internal sealed class BootImageException(string message, Exception? cause = null, bool isOthers = false) : IOException(message, cause)
{
    public bool IsOthers => isOthers;
}

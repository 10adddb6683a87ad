namespace WaltVpn.Linux;

/// <summary>Kinds of socket pairs, socket(2).</summary>
internal enum SocketKind
{
    /// <summary>Bytes in order, no borders.</summary>
    Stream,

    /// <summary>Messages in order, and an end: what a TAP looks like to its reader.</summary>
    Packets,
}

namespace WaltVpn.Tunnel;

/// <summary>What a stream had next.</summary>
public enum TunnelStep
{
    /// <summary>A whole frame.</summary>
    Frame,

    /// <summary>Not a whole frame or record yet.</summary>
    NeedMore,

    /// <summary>A length or type that nothing has: the stream must end.</summary>
    Refused,

    /// <summary>The peer says what it speaks.</summary>
    Hello,

    /// <summary>It wants a sign of life.</summary>
    Ping,

    /// <summary>It gives one.</summary>
    Pong,

    /// <summary>A word beside the frames.</summary>
    Control,

    /// <summary>It ends the tunnel and says why.</summary>
    Close,
}

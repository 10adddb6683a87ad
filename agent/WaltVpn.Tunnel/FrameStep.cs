namespace WaltVpn.Tunnel;

/// <summary>What a stream had next.</summary>
public enum FrameStep
{
    /// <summary>A whole frame.</summary>
    Frame,

    /// <summary>Not a whole frame yet.</summary>
    NeedMore,

    /// <summary>A length that no frame has: the stream must end.</summary>
    Refused,
}

namespace WaltVpn.Tunnel;

/// <summary>How a <see cref="FramePump"/> ended.</summary>
/// <param name="Side">Which side ended it.</param>
/// <param name="Reason">Why, for the log.</param>
public sealed record PumpEnd(PumpSide Side, string Reason);

/// <summary>Who can end a <see cref="FramePump"/>.</summary>
public enum PumpSide
{
    /// <summary>The TAP is gone.</summary>
    Tap,

    /// <summary>The stream was closed, failed, or is no tunnel.</summary>
    Stream,

    /// <summary>Our own side stopped it.</summary>
    Stopped,
}

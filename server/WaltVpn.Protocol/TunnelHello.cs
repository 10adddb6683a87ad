using System.Buffers.Binary;

namespace WaltVpn.Protocol;

/// <summary>What one end of a version-2 tunnel tells the other about itself. docs/protocol.md "Version 2".</summary>
/// <param name="LargeFrames">It takes frames that are still to be cut into segments, or whose checksum is still to be made.</param>
/// <param name="DeadAfter">How long it waits for a sign of life; whole seconds, <see cref="ShortestDeadAfter"/>..<see cref="LongestDeadAfter"/>.</param>
/// <param name="HearsReports">Of a server: a node may send reports.</param>
public readonly record struct TunnelHello(bool LargeFrames, TimeSpan DeadAfter, bool HearsReports = false)
{
    /// <summary>Version, properties, time. A later version may say more behind them.</summary>
    public const int MinLength = 4;

    /// <summary>Longest hello that is read.</summary>
    public const int MaxLength = 64;

    private const byte Version = 2;
    private const byte LargeFramesBit = 1;
    private const byte HearsReportsBit = 2;

    /// <summary>Shortest time after which a peer that says nothing is taken for dead.</summary>
    public static TimeSpan ShortestDeadAfter => TimeSpan.FromSeconds(3);

    /// <summary>The longest one.</summary>
    public static TimeSpan LongestDeadAfter => TimeSpan.FromSeconds(60);

    /// <summary>When nothing else is set.</summary>
    public static TimeSpan DefaultDeadAfter => TimeSpan.FromSeconds(15);

    /// <summary>Writes <see cref="MinLength"/> bytes.</summary>
    public void Write(Span<byte> destination)
    {
        (destination[0], destination[1]) = (Version, (byte)((LargeFrames ? LargeFramesBit : 0) | (HearsReports ? HearsReportsBit : 0)));
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)DeadAfter.TotalSeconds);
    }

    /// <summary>Reads a hello.</summary>
    /// <returns>False when it is of an older version than 2, or its time is out of range.</returns>
    public static bool TryRead(ReadOnlySpan<byte> source, out TunnelHello hello)
    {
        hello = default;
        if (source.Length < MinLength || source[0] < Version) return false;
        var deadAfter = TimeSpan.FromSeconds(BinaryPrimitives.ReadUInt16BigEndian(source[2..]));
        hello = new TunnelHello((source[1] & LargeFramesBit) != 0, deadAfter, (source[1] & HearsReportsBit) != 0);
        return hello.DeadAfter >= ShortestDeadAfter && hello.DeadAfter <= LongestDeadAfter;
    }
}

namespace WaltVpn.Server.Tests.Parts;

/// <summary>A clock that a test moves.</summary>
internal sealed class ManualTime : TimeProvider
{
    private TimeSpan _moved;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _moved;

    public override long GetTimestamp() => base.GetTimestamp() + (long)(_moved.TotalSeconds * TimestampFrequency);

    public void Move(TimeSpan by) => _moved += by;
}

namespace WaltVpn.Agent.Guests;

/// <summary>When the board starts over after its virtual machine ended: at once as a rule; later and later when the machine never lasts.</summary>
/// <remarks>One that does not come up for a bad image or a broken device must not have the board start over for ever without pause.</remarks>
internal static class GuestPatience
{
    /// <summary>One that ran this long worked.</summary>
    public static readonly TimeSpan Lasting = TimeSpan.FromMinutes(3);

    private static readonly TimeSpan First = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);
    private const int EnoughDoublings = 10;

    /// <summary>How long to wait.</summary>
    /// <param name="lasted">How long it ran.</param>
    /// <param name="shortBefore">Starts in a row before this one that did not last.</param>
    public static TimeSpan BeforeRestart(TimeSpan lasted, int shortBefore)
    {
        if (lasted >= Lasting || shortBefore <= 0) return TimeSpan.Zero;
        var wait = First * (1 << Math.Min(shortBefore - 1, EnoughDoublings));
        return wait < Longest ? wait : Longest;
    }
}

namespace WaltVpn.Hub.Dhcp;

/// <summary>An IPv4 address that a DHCP server gave to a node for a time.</summary>
/// <param name="Address">In network order read big-endian.</param>
/// <param name="Server">Who gave it, and renews it.</param>
/// <param name="Seconds">For how long; <see cref="Infinite"/>: for ever.</param>
/// <param name="Since">When, on the address book's own clock; may be before that began.</param>
internal readonly record struct Lease(uint Address, uint Server, uint Seconds, TimeSpan Since)
{
    /// <summary>RFC 2131, 3.3.</summary>
    public const uint Infinite = uint.MaxValue;

    /// <summary>Of an acknowledgement without option 51, which RFC 2131 table 3 demands: the lease time of common servers.</summary>
    public const uint DefaultSeconds = 3600;

    /// <summary>What a lease lasts longer here than for its node: clocks and ways differ, and a renewal within it need not be noted.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    /// <summary>It and its grace are over.</summary>
    public bool HasEnded(TimeSpan now) => Seconds != Infinite && now - Since >= TimeSpan.FromSeconds(Seconds) + Grace;

    /// <summary>The acknowledgement that this comes from says nothing that <paramref name="former"/> with its grace does not say already.</summary>
    public bool AddsNothingTo(Lease former) => this with { Since = former.Since } == former && Since - former.Since < Grace;
}

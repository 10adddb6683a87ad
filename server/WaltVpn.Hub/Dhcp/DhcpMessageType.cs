namespace WaltVpn.Hub.Dhcp;

/// <summary>DHCP option 53 (RFC 2132, 9.6).</summary>
internal enum DhcpMessageType : byte
{
    /// <summary>No option 53: BOOTP.</summary>
    None = 0,
    Discover = 1,
    Offer = 2,
    Request = 3,
    Decline = 4,
    Acknowledge = 5,
    Refuse = 6,
    Release = 7,
    Inform = 8,
}

namespace WaltVpn.Hub.Rules;

/// <summary>Neighbour discovery (RFC 4861) from a node names the node itself and nobody else.</summary>
internal sealed class NeighbourRules(ulong mac)
{
    private const byte RouterSolicitation = 133;
    private const byte RouterAdvertisement = 134;
    private const byte NeighbourSolicitation = 135;
    private const byte NeighbourAdvertisement = 136;
    private const byte Redirect = 137;
    private const byte SourceLinkLayerAddress = 1;
    private const byte TargetLinkLayerAddress = 2;
    private readonly InterfaceIdentifier _own = InterfaceIdentifier.Of(mac);

    /// <summary>The ICMPv6 type belongs to neighbour discovery.</summary>
    public static bool IsNeighbourDiscovery(byte type) => type is >= RouterSolicitation and <= Redirect;

    /// <summary>Judges one message.</summary>
    /// <param name="message">ICMPv6 from its type on, at least 4 bytes.</param>
    /// <param name="unspecified">The packet's source is <c>::</c>.</param>
    public FrameVerdict Judge(ReadOnlySpan<byte> message, bool unspecified) => message[0] switch
    {
        RouterAdvertisement or Redirect => FrameVerdict.PlatformOnly,
        RouterSolicitation => JudgeOptions(message, 8),
        // From "::" it asks whether its own address is free (RFC 4862); about another's it would be an attack on that one.
        NeighbourSolicitation => message.Length < 24 ? FrameVerdict.Malformed
            : unspecified && !_own.Names(message.Slice(8, 16)) ? FrameVerdict.ForeignIpv6
            : JudgeOptions(message, 24),
        NeighbourAdvertisement => message.Length < 24 ? FrameVerdict.Malformed
            : !_own.Names(message.Slice(8, 16)) ? FrameVerdict.ForeignIpv6
            : JudgeOptions(message, 24),
        _ => FrameVerdict.Pass,
    };

    private FrameVerdict JudgeOptions(ReadOnlySpan<byte> message, int start)
    {
        if (message.Length < start) return FrameVerdict.Malformed;
        var options = message[start..];
        while (!options.IsEmpty)
        {
            // Length in units of 8 bytes, type and length included; 0 is invalid.
            if (options.Length < 8 || options[1] == 0 || options.Length < options[1] * 8) return FrameVerdict.Malformed;
            if (options[0] is SourceLinkLayerAddress or TargetLinkLayerAddress && AddressRules.Mac(options[2..]) != mac) return FrameVerdict.ForeignIpv6;
            options = options[(options[1] * 8)..];
        }

        return FrameVerdict.Pass;
    }
}

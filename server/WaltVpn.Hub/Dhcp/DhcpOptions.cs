using System.Buffers.Binary;

namespace WaltVpn.Hub.Dhcp;

/// <summary>Those options of a DHCP message (RFC 2132) that decide whose address is whose. Each at most once, each of its right length.</summary>
internal ref struct DhcpOptions
{
    private uint _seen;

    /// <summary>53.</summary>
    public DhcpMessageType Type { get; private set; }

    /// <summary>50: the address that the client speaks of; 0: none.</summary>
    public uint RequestedAddress { get; private set; }

    /// <summary>51, seconds; <see cref="Lease.Infinite"/> is for ever. Null: not there.</summary>
    public uint? LeaseSeconds { get; private set; }

    /// <summary>54: the server; 0: not there.</summary>
    public uint Server { get; private set; }

    /// <summary>61; empty: not there.</summary>
    public ReadOnlySpan<byte> ClientIdentifier { get; private set; }

    /// <summary>52: more options stand in the fields for names.</summary>
    public readonly bool AreOverloaded => Has(Code.Overload);

    /// <summary>82: said by a relay.</summary>
    public readonly bool NameRelay => Has(Code.RelayInformation);

    /// <summary>Reads a list up to its end mark, which must be there.</summary>
    public static bool TryRead(ReadOnlySpan<byte> list, out DhcpOptions options)
    {
        options = default;
        while (!list.IsEmpty)
        {
            var code = (Code)list[0];
            if (code == Code.End) return true;
            if (code == Code.Pad)
            {
                list = list[1..];
                continue;
            }

            if (list.Length < 2 || list.Length < 2 + list[1] || !options.Take(code, list.Slice(2, list[1]))) return false;
            list = list[(2 + list[1])..];
        }

        return false;
    }

    // Lengths: RFC 2132; of 61 at least 2, of 82 (RFC 3046) any.
    private static bool IsLengthOf(Code code, int length) => code switch
    {
        Code.RequestedAddress or Code.LeaseTime or Code.Server => length == 4,
        Code.Overload or Code.MessageType => length == 1,
        Code.ClientIdentifier => length >= 2,
        _ => true,
    };

    private static uint Bit(Code code) => code switch
    {
        >= Code.RequestedAddress and <= Code.Server or Code.ClientIdentifier => 1u << (code - Code.RequestedAddress),
        Code.RelayInformation => 1u << 31,
        _ => 0,
    };

    private readonly bool Has(Code code) => (_seen & Bit(code)) != 0;

    private bool Take(Code code, ReadOnlySpan<byte> value)
    {
        if (Has(code) || !IsLengthOf(code, value.Length)) return false;
        _seen |= Bit(code);
        switch (code)
        {
            case Code.RequestedAddress: RequestedAddress = BinaryPrimitives.ReadUInt32BigEndian(value); break;
            case Code.LeaseTime: LeaseSeconds = BinaryPrimitives.ReadUInt32BigEndian(value); break;
            case Code.MessageType: Type = (DhcpMessageType)value[0]; break;
            case Code.Server: Server = BinaryPrimitives.ReadUInt32BigEndian(value); break;
            case Code.ClientIdentifier: ClientIdentifier = value; break;
        }

        return true;
    }

    private enum Code : byte
    {
        Pad = 0,
        RequestedAddress = 50,
        LeaseTime = 51,
        Overload = 52,
        MessageType = 53,
        Server = 54,
        ClientIdentifier = 61,
        RelayInformation = 82,
        End = 255,
    }
}

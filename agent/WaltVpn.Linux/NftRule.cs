using System.Text;

namespace WaltVpn.Linux;

/// <summary>
/// One rule of nf_tables, built from left to right: conditions, of which each must hold (bytes that are not there fulfil none), then a verdict.
/// </summary>
/// <remarks>Each method adds what nft(8) calls an expression, in the layout of linux/netfilter/nf_tables.h.</remarks>
public sealed class NftRule
{
    private readonly List<(string Name, Action<NetlinkMessage> Fill)> _expressions = [];

    /// <summary>The frame came in through an interface whose name begins so.</summary>
    public NftRule InterfaceBegins(string prefix) =>
        LoadInterface().Compare(NftRegister.NFT_REG_1, NftComparison.NFT_CMP_EQ, Encoding.UTF8.GetBytes(prefix));

    /// <summary>These bytes stand there.</summary>
    /// <param name="header">What <paramref name="offset"/> counts from.</param>
    /// <param name="offset">In bytes.</param>
    /// <param name="bytes">1..16.</param>
    public NftRule Is(NftHeader header, int offset, params ReadOnlySpan<byte> bytes) =>
        Load(header, offset, bytes.Length, NftRegister.NFT_REG_3).Compare(NftRegister.NFT_REG_3, NftComparison.NFT_CMP_EQ, bytes.ToArray());

    /// <summary>The byte there is one of these.</summary>
    public NftRule IsBetween(NftHeader header, int offset, byte lowest, byte highest) =>
        Load(header, offset, 1, NftRegister.NFT_REG_3)
            .Compare(NftRegister.NFT_REG_3, NftComparison.NFT_CMP_GTE, [lowest])
            .Compare(NftRegister.NFT_REG_3, NftComparison.NFT_CMP_LTE, [highest]);

    /// <summary>The protocol above IP, behind extension headers, is this one.</summary>
    public NftRule TransportIs(byte protocol) =>
        LoadMeta(NftMeta.NFT_META_L4PROTO, NftRegister.NFT_REG_3).Compare(NftRegister.NFT_REG_3, NftComparison.NFT_CMP_EQ, [protocol]);

    /// <summary>The pair of the interface the frame came in through and the bytes there is in the set.</summary>
    /// <param name="set">Its addresses have the length that is read.</param>
    /// <param name="header">What <paramref name="offset"/> counts from.</param>
    /// <param name="offset">In bytes.</param>
    /// <param name="mask">Of which bits the address consists, as long as it; empty: of all.</param>
    public NftRule IsIn(NftSet set, NftHeader header, int offset, params ReadOnlySpan<byte> mask)
    {
        var length = set.Address switch { NftAddress.Ipv4 => 4, NftAddress.Ipv6 => 16, NftAddress.Ethernet => 6 };
        LoadInterface().Load(header, offset, length, NftRegister.NFT_REG_2);
        if (!mask.IsEmpty) Mask(mask.ToArray());
        return Add("lookup", data => data
            .Add(NftLookupAttribute.NFTA_LOOKUP_SET, set.Name)
            .AddBigEndian(NftLookupAttribute.NFTA_LOOKUP_SREG, (uint)NftRegister.NFT_REG_1));
    }

    /// <summary>Counts the frame; nft(8) shows the number.</summary>
    public NftRule Count() => Add("counter", _ => { });

    /// <summary>This chain has nothing against the frame.</summary>
    public NftRule Accept() => Verdict(NftVerdict.NF_ACCEPT, null);

    /// <summary>The frame ends here.</summary>
    public NftRule Drop() => Verdict(NftVerdict.NF_DROP, null);

    /// <summary>Another chain decides.</summary>
    public NftRule Goto(string chain) => Verdict(NftVerdict.NFT_GOTO, chain);

    /// <summary>Writes the rule into the list of expressions of a message.</summary>
    internal void WriteTo(NetlinkMessage list)
    {
        foreach (var (name, fill) in _expressions)
            list.AddNested(NftListAttribute.NFTA_LIST_ELEM, expression => expression
                .Add(NftExpressionAttribute.NFTA_EXPR_NAME, name)
                .AddNested(NftExpressionAttribute.NFTA_EXPR_DATA, fill));
    }

    private NftRule LoadInterface() => LoadMeta(NftMeta.NFT_META_IIFNAME, NftRegister.NFT_REG_1);

    private NftRule LoadMeta(NftMeta key, NftRegister register) => Add("meta", data => data
        .AddBigEndian(NftMetaAttribute.NFTA_META_DREG, (uint)register)
        .AddBigEndian(NftMetaAttribute.NFTA_META_KEY, (uint)key));

    private NftRule Load(NftHeader header, int offset, int length, NftRegister register) => Add("payload", data => data
        .AddBigEndian(NftPayloadAttribute.NFTA_PAYLOAD_DREG, (uint)register)
        .AddBigEndian(NftPayloadAttribute.NFTA_PAYLOAD_BASE, (uint)header)
        .AddBigEndian(NftPayloadAttribute.NFTA_PAYLOAD_OFFSET, (uint)offset)
        .AddBigEndian(NftPayloadAttribute.NFTA_PAYLOAD_LEN, (uint)length));

    private NftRule Compare(NftRegister register, NftComparison operation, byte[] value) => Add("cmp", data => data
        .AddBigEndian(NftCompareAttribute.NFTA_CMP_SREG, (uint)register)
        .AddBigEndian(NftCompareAttribute.NFTA_CMP_OP, (uint)operation)
        .AddNested(NftCompareAttribute.NFTA_CMP_DATA, constant => constant.Add(NftDataAttribute.NFTA_DATA_VALUE, value)));

    private void Mask(byte[] mask) => Add("bitwise", data => data
        .AddBigEndian(NftBitwiseAttribute.NFTA_BITWISE_SREG, (uint)NftRegister.NFT_REG_2)
        .AddBigEndian(NftBitwiseAttribute.NFTA_BITWISE_DREG, (uint)NftRegister.NFT_REG_2)
        .AddBigEndian(NftBitwiseAttribute.NFTA_BITWISE_LEN, (uint)mask.Length)
        .AddNested(NftBitwiseAttribute.NFTA_BITWISE_MASK, constant => constant.Add(NftDataAttribute.NFTA_DATA_VALUE, mask))
        .AddNested(NftBitwiseAttribute.NFTA_BITWISE_XOR, constant => constant.Add(NftDataAttribute.NFTA_DATA_VALUE, new byte[mask.Length])));

    private NftRule Verdict(NftVerdict code, string? chain) => Add("immediate", data => data
        .AddBigEndian(NftImmediateAttribute.NFTA_IMMEDIATE_DREG, (uint)NftRegister.NFT_REG_VERDICT)
        .AddNested(NftImmediateAttribute.NFTA_IMMEDIATE_DATA, constant => constant.AddNested(NftDataAttribute.NFTA_DATA_VERDICT, verdict =>
        {
            verdict.AddBigEndian(NftVerdictAttribute.NFTA_VERDICT_CODE, (uint)code);
            if (chain is not null) verdict.Add(NftVerdictAttribute.NFTA_VERDICT_CHAIN, chain);
        })));

    private NftRule Add(string name, Action<NetlinkMessage> fill)
    {
        _expressions.Add((name, fill));
        return this;
    }
}

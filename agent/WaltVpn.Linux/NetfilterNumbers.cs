using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

// Names and values of the C headers; a test compiles them for x86-64 and arm64 and compares.

/// <summary>linux/netfilter/nfnetlink.h: the upper byte of a message's type.</summary>
internal enum NetfilterSubsystem : ushort
{
    NFNL_SUBSYS_NFTABLES = 10,
}

/// <summary>linux/netfilter/nfnetlink.h: around a transaction.</summary>
internal enum NetfilterBatch : ushort
{
    NFNL_MSG_BATCH_BEGIN = 16,
    NFNL_MSG_BATCH_END = 17,
}

/// <summary>linux/netfilter.h, linux/netfilter_bridge.h.</summary>
internal enum NetfilterHook
{
    NF_BR_PRE_ROUTING = 0,
    NF_BR_PRI_FILTER_BRIDGED = -200,
    NFPROTO_BRIDGE = 7,
}

/// <summary>linux/netfilter/nf_tables.h <c>enum nf_tables_msg_types</c>: the lower byte of a message's type.</summary>
internal enum NftMessage : ushort
{
    NFT_MSG_NEWTABLE = 0,
    NFT_MSG_NEWCHAIN = 3,
    NFT_MSG_NEWRULE = 6,
    NFT_MSG_NEWSET = 9,
    NFT_MSG_NEWSETELEM = 12,
    NFT_MSG_DELSETELEM = 14,
}

/// <summary>linux/netfilter/nf_tables.h, elements of lists.</summary>
internal enum NftListAttribute : ushort
{
    NFTA_LIST_ELEM = 1,
}

/// <summary>linux/netfilter/nf_tables.h, attributes of tables.</summary>
internal enum NftTableAttribute : ushort
{
    NFTA_TABLE_NAME = 1,
    NFTA_TABLE_FLAGS = 2,
}

/// <summary>linux/netfilter/nf_tables.h, attributes of chains.</summary>
internal enum NftChainAttribute : ushort
{
    NFTA_CHAIN_TABLE = 1,
    NFTA_CHAIN_NAME = 3,
    NFTA_CHAIN_HOOK = 4,
    NFTA_CHAIN_POLICY = 5,
    NFTA_CHAIN_TYPE = 7,
}

/// <summary>linux/netfilter/nf_tables.h, inside NFTA_CHAIN_HOOK.</summary>
internal enum NftHookAttribute : ushort
{
    NFTA_HOOK_HOOKNUM = 1,
    NFTA_HOOK_PRIORITY = 2,
}

/// <summary>linux/netfilter/nf_tables.h, attributes of rules.</summary>
internal enum NftRuleAttribute : ushort
{
    NFTA_RULE_TABLE = 1,
    NFTA_RULE_CHAIN = 2,
    NFTA_RULE_EXPRESSIONS = 4,
}

/// <summary>linux/netfilter/nf_tables.h, attributes of changes to a set.</summary>
internal enum NftElementListAttribute : ushort
{
    NFTA_SET_ELEM_LIST_TABLE = 1,
    NFTA_SET_ELEM_LIST_SET = 2,
    NFTA_SET_ELEM_LIST_ELEMENTS = 3,
}

/// <summary>linux/netfilter/nf_tables.h, attributes of a set's elements.</summary>
internal enum NftElementAttribute : ushort
{
    NFTA_SET_ELEM_KEY = 1,
}

/// <summary>linux/netfilter/nf_tables.h, attributes of sets.</summary>
internal enum NftSetAttribute : ushort
{
    NFTA_SET_TABLE = 1,
    NFTA_SET_NAME = 2,
    NFTA_SET_FLAGS = 3,
    NFTA_SET_KEY_TYPE = 4,
    NFTA_SET_KEY_LEN = 5,
    NFTA_SET_ID = 10,
}

/// <summary>linux/netfilter/nf_tables.h, attributes of expressions.</summary>
internal enum NftExpressionAttribute : ushort
{
    NFTA_EXPR_NAME = 1,
    NFTA_EXPR_DATA = 2,
}

/// <summary>linux/netfilter/nf_tables.h, a value in an expression.</summary>
internal enum NftDataAttribute : ushort
{
    NFTA_DATA_VALUE = 1,
    NFTA_DATA_VERDICT = 2,
}

/// <summary>linux/netfilter/nf_tables.h, inside NFTA_DATA_VERDICT.</summary>
internal enum NftVerdictAttribute : ushort
{
    NFTA_VERDICT_CODE = 1,
    NFTA_VERDICT_CHAIN = 2,
}

/// <summary>linux/netfilter/nf_tables.h, inside NFTA_EXPR_DATA of "immediate".</summary>
internal enum NftImmediateAttribute : ushort
{
    NFTA_IMMEDIATE_DREG = 1,
    NFTA_IMMEDIATE_DATA = 2,
}

/// <summary>linux/netfilter/nf_tables.h, inside NFTA_EXPR_DATA of "meta".</summary>
internal enum NftMetaAttribute : ushort
{
    NFTA_META_DREG = 1,
    NFTA_META_KEY = 2,
}

/// <summary>linux/netfilter/nf_tables.h, inside NFTA_EXPR_DATA of "payload".</summary>
internal enum NftPayloadAttribute : ushort
{
    NFTA_PAYLOAD_DREG = 1,
    NFTA_PAYLOAD_BASE = 2,
    NFTA_PAYLOAD_OFFSET = 3,
    NFTA_PAYLOAD_LEN = 4,
}

/// <summary>linux/netfilter/nf_tables.h, inside NFTA_EXPR_DATA of "bitwise".</summary>
internal enum NftBitwiseAttribute : ushort
{
    NFTA_BITWISE_SREG = 1,
    NFTA_BITWISE_DREG = 2,
    NFTA_BITWISE_LEN = 3,
    NFTA_BITWISE_MASK = 4,
    NFTA_BITWISE_XOR = 5,
}

/// <summary>linux/netfilter/nf_tables.h, inside NFTA_EXPR_DATA of "cmp".</summary>
internal enum NftCompareAttribute : ushort
{
    NFTA_CMP_SREG = 1,
    NFTA_CMP_OP = 2,
    NFTA_CMP_DATA = 3,
}

/// <summary>linux/netfilter/nf_tables.h, inside NFTA_EXPR_DATA of "lookup".</summary>
internal enum NftLookupAttribute : ushort
{
    NFTA_LOOKUP_SET = 1,
    NFTA_LOOKUP_SREG = 2,
}

/// <summary>linux/netfilter/nf_tables.h, flags of tables.</summary>
internal enum NftTableFlag : uint
{
    NFT_TABLE_F_OWNER = 2,
}

/// <summary>linux/netfilter/nf_tables.h, registers of a rule; 16 bytes fit into each but the first.</summary>
internal enum NftRegister : uint
{
    NFT_REG_VERDICT = 0,
    NFT_REG_1 = 1,
    NFT_REG_2 = 2,
    NFT_REG_3 = 3,
}

/// <summary>linux/netfilter/nf_tables.h, what "meta" loads.</summary>
internal enum NftMeta : uint
{
    NFT_META_IIFNAME = 6,
    NFT_META_L4PROTO = 16,
}

/// <summary>linux/netfilter/nf_tables.h, operations of "cmp".</summary>
internal enum NftComparison : uint
{
    NFT_CMP_EQ = 0,
    NFT_CMP_LTE = 3,
    NFT_CMP_GTE = 5,
}

/// <summary>linux/netfilter/nf_tables.h <c>enum nft_verdicts</c>, linux/netfilter.h.</summary>
internal enum NftVerdict
{
    NFT_GOTO = -4,
    NF_DROP = 0,
    NF_ACCEPT = 1,
}

/// <summary>linux/netfilter/nfnetlink.h <c>struct nfgenmsg</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NetfilterMessage
{
    public byte nfgen_family;
    public byte version;
    /// <summary>Network order.</summary>
    public ushort res_id;
}

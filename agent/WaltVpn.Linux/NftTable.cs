using System.Buffers.Binary;

namespace WaltVpn.Linux;

/// <summary>
/// A table of nf_tables in the bridge family, owned by this process: nft(8) <c>flags owner</c>. Nobody else changes or flushes it, and the kernel
/// removes it when the process ends, however that comes. One thread at a time. Every method answers when the kernel has done it.
/// </summary>
/// <remarks>
/// Spoken over nfnetlink, whose reference are the headers linux/netfilter/nfnetlink.h and nf_tables.h. Each call is one transaction: all or nothing.
/// </remarks>
public sealed class NftTable : IDisposable
{
    // The kernel's priority and type names: nft(8), "chains".
    private const string FilterType = "filter";
    private readonly NetlinkSocket _socket = new(NetlinkProtocol.NETLINK_NETFILTER);
    private readonly string _name;

    /// <summary>Makes the table, its sets (empty) and its chains.</summary>
    /// <param name="name">Letters, digits, <c>-</c> and <c>_</c>.</param>
    /// <param name="sets">What its rules look into.</param>
    /// <param name="chains">In any order.</param>
    /// <exception cref="ErrnoException">
    /// EPERM: another process owns a table of that name, or CAP_NET_ADMIN is missing. EEXIST: there is such a table, and nobody owns it. EOPNOTSUPP,
    /// EPROTONOSUPPORT, EAFNOSUPPORT, ENOENT: the kernel has no nf_tables, not for bridges, or not all it needs (Linux 5.12).
    /// </exception>
    public NftTable(string name, IReadOnlyList<NftSet> sets, IReadOnlyList<NftChain> chains)
    {
        _name = name;
        var table = Create(NftMessage.NFT_MSG_NEWTABLE, NetlinkFlag.NLM_F_CREATE | NetlinkFlag.NLM_F_EXCL)
            .Add(NftTableAttribute.NFTA_TABLE_NAME, name)
            .AddBigEndian(NftTableAttribute.NFTA_TABLE_FLAGS, (uint)NftTableFlag.NFT_TABLE_F_OWNER);
        try
        {
            var rules = chains.SelectMany(chain => chain.Rules.Select(rule => NewRule(chain, rule)));
            Commit([table, .. sets.Select(NewSet), .. chains.Select(NewChain), .. rules]);
        }
        catch (ErrnoException)
        {
            _socket.Dispose();
            throw;
        }
    }

    /// <summary>Takes pairs out of sets and puts others in, at one moment.</summary>
    /// <param name="remove">Pairs that are there, as <see cref="NftSet.Key"/> makes them.</param>
    /// <param name="add">Others; one that is there stays.</param>
    /// <exception cref="ErrnoException">ENOENT: one to be removed is not there. Nothing was changed.</exception>
    public void Change(IEnumerable<(NftSet Set, byte[] Key)> remove, IEnumerable<(NftSet Set, byte[] Key)> add)
    {
        NetlinkMessage[] changes =
        [
            .. remove.Select(element => Elements(NftMessage.NFT_MSG_DELSETELEM, 0, element.Set, element.Key)),
            .. add.Select(element => Elements(NftMessage.NFT_MSG_NEWSETELEM, NetlinkFlag.NLM_F_CREATE, element.Set, element.Key)),
        ];
        if (changes.Length > 0) Commit(changes);
    }

    /// <summary>Closes the socket that owns the table, and the kernel removes it.</summary>
    public void Dispose() => _socket.Dispose();

    private static NetlinkMessage Create(NftMessage type, NetlinkFlag flags) => NetlinkMessage.Create(
        type,
        (ushort)(((ushort)NetfilterSubsystem.NFNL_SUBSYS_NFTABLES << 8) | (ushort)type),
        flags,
        new NetfilterMessage { nfgen_family = (byte)NetfilterHook.NFPROTO_BRIDGE });

    private static NetlinkMessage Border(NetfilterBatch type) => NetlinkMessage.Create(
        type,
        (ushort)type,
        0,
        new NetfilterMessage { res_id = BinaryPrimitives.ReverseEndianness((ushort)NetfilterSubsystem.NFNL_SUBSYS_NFTABLES) });

    private NetlinkMessage NewSet(NftSet set, int index) => Create(NftMessage.NFT_MSG_NEWSET, NetlinkFlag.NLM_F_CREATE)
        .Add(NftSetAttribute.NFTA_SET_TABLE, _name)
        .Add(NftSetAttribute.NFTA_SET_NAME, set.Name)
        .AddBigEndian(NftSetAttribute.NFTA_SET_FLAGS, 0)
        .AddBigEndian(NftSetAttribute.NFTA_SET_KEY_TYPE, set.KeyType)
        .AddBigEndian(NftSetAttribute.NFTA_SET_KEY_LEN, (uint)set.KeyLength)
        // Only for rules of the same transaction that speak of the set before it has a name; ours use names.
        .AddBigEndian(NftSetAttribute.NFTA_SET_ID, (uint)(index + 1));

    private NetlinkMessage NewChain(NftChain chain)
    {
        var message = Create(NftMessage.NFT_MSG_NEWCHAIN, NetlinkFlag.NLM_F_CREATE)
            .Add(NftChainAttribute.NFTA_CHAIN_TABLE, _name)
            .Add(NftChainAttribute.NFTA_CHAIN_NAME, chain.Name);
        if (!chain.AtBridgePorts) return message;
        return message
            .AddNested(NftChainAttribute.NFTA_CHAIN_HOOK, hook => hook
                .AddBigEndian(NftHookAttribute.NFTA_HOOK_HOOKNUM, (uint)NetfilterHook.NF_BR_PRE_ROUTING)
                .AddBigEndian(NftHookAttribute.NFTA_HOOK_PRIORITY, unchecked((uint)NetfilterHook.NF_BR_PRI_FILTER_BRIDGED)))
            .Add(NftChainAttribute.NFTA_CHAIN_TYPE, FilterType)
            .AddBigEndian(NftChainAttribute.NFTA_CHAIN_POLICY, (uint)NftVerdict.NF_ACCEPT);
    }

    private NetlinkMessage NewRule(NftChain chain, NftRule rule) => Create(NftMessage.NFT_MSG_NEWRULE, NetlinkFlag.NLM_F_CREATE | NetlinkFlag.NLM_F_APPEND)
        .Add(NftRuleAttribute.NFTA_RULE_TABLE, _name)
        .Add(NftRuleAttribute.NFTA_RULE_CHAIN, chain.Name)
        .AddNested(NftRuleAttribute.NFTA_RULE_EXPRESSIONS, rule.WriteTo);

    private NetlinkMessage Elements(NftMessage type, NetlinkFlag flags, NftSet set, byte[] key) => Create(type, flags)
        .Add(NftElementListAttribute.NFTA_SET_ELEM_LIST_TABLE, _name)
        .Add(NftElementListAttribute.NFTA_SET_ELEM_LIST_SET, set.Name)
        .AddNested(NftElementListAttribute.NFTA_SET_ELEM_LIST_ELEMENTS, list => list.AddNested(NftListAttribute.NFTA_LIST_ELEM, element => element
            .AddNested(NftElementAttribute.NFTA_SET_ELEM_KEY, value => value.Add(NftDataAttribute.NFTA_DATA_VALUE, key))));

    private void Commit(IReadOnlyList<NetlinkMessage> changes) =>
        _socket.AskTogether(Border(NetfilterBatch.NFNL_MSG_BATCH_BEGIN), changes, Border(NetfilterBatch.NFNL_MSG_BATCH_END), $"table bridge {_name}");
}

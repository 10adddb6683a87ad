using Xunit;

namespace WaltVpn.Tunnel.Tests.Namespaces;

/// <summary>These tests share one network namespace and the names of the interfaces in it: one after the other.</summary>
/// <remarks>
/// And beside no others: a program that another test starts holds all descriptors of this process for a moment, so that what was closed is not gone yet.
/// </remarks>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class OneNetwork
{
    public const string Name = "one network";
}

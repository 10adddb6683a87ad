using Xunit;

namespace WaltVpn.Tunnel.Tests.Namespaces;

/// <summary>These tests share one network namespace and the names of the interfaces in it: one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class OneNetwork
{
    public const string Name = "one network";
}

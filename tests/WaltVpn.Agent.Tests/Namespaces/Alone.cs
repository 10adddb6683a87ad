using Xunit;

namespace WaltVpn.Agent.Tests.Namespaces;

/// <summary>Tests that change what every program of the private host sees, such as /dev/urandom: they run while no others do.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}

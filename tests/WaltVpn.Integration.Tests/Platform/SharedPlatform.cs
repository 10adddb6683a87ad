using Xunit;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>Test classes that share one running platform, one test after the other.</summary>
[CollectionDefinition(Name)]
public sealed class SharedPlatform : ICollectionFixture<RunningPlatform>
{
    public const string Name = "platform";
}

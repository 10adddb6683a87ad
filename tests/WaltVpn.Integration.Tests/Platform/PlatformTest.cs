using Xunit;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>A test on the shared platform: its nodes go with it, and its failure shows what the platform's programs said.</summary>
[Collection(SharedPlatform.Name)]
public abstract class PlatformTest(RunningPlatform platform) : IAsyncDisposable
{
    private readonly List<NodeTunnel> _tunnels = [];

    private protected RunningPlatform Platform { get; } = platform;

    private protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        foreach (var tunnel in _tunnels) await tunnel.DisposeAsync();
        if (TestContext.Current.TestState?.Result == TestResult.Failed) TestContext.Current.TestOutputHelper?.WriteLine(RunningPlatform.Logs());
    }

    /// <summary>A board with a key that the platform does not know.</summary>
    private protected Task<TestNode> NewBoard() => TestNode.Create(Platform.Settings);

    /// <summary>A node that was accepted.</summary>
    private protected async Task<TestNode> NewNode()
    {
        var node = await NewBoard();
        await node.Join();
        return node;
    }

    /// <summary>A node with its tunnel up and an address from the platform's DHCP server.</summary>
    private protected async Task<NodeTunnel> Online() => await Online(await NewNode());

    /// <inheritdoc cref="Online()"/>
    private protected async Task<NodeTunnel> Online(TestNode node)
    {
        var tunnel = await NodeTunnel.Start(node);
        _tunnels.Add(tunnel);
        await tunnel.Dhcp();
        return tunnel;
    }
}

using System.Diagnostics;
using System.Text;
using Shouldly;
using WaltVpn.Linux;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Tunnel.Tests.Namespaces;

/// <summary>Who gets a tunnel, when it ends, and what is left: docs/security.md L2-7.</summary>
/// <remarks><code>
///   this test (as sshd's forced command) ── connect.sock ──┐
///                                                          ├── waltvpn-hub serve ── TAP per node ── bridge
///   this test (as the daemon)            ── control.sock ──┘
/// </code></remarks>
[Collection(OneNetwork.Name)]
public sealed class HubSessionsTests : IAsyncLifetime
{
    private HubProcess _hub = null!;

    public async ValueTask InitializeAsync() => _hub = await HubProcess.Start();

    public ValueTask DisposeAsync()
    {
        _hub.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("00000000000000000000000000000000")]
    [InlineData("not a ticket of thirty-two chars")]
    public void UnknownTicketIsRefused(string ticket)
    {
        using var node = new NodeEnd('a');
        if (ticket.Length == 0)
        {
            node.Connection = UnixSocket.Connect(_hub.ConnectSocket);
            UnixSocket.EndSending(node.Connection);
            HubProcess.ReadToEnd(node.Connection).ShouldBeEmpty();
            return;
        }

        _hub.Show(node, ticket);
        HubProcess.ReadToEnd(node.Connection!).ShouldBe("refused: the ticket is unknown, old, or was used\n");
        node.ReceiveTheEnd();
    }

    [Fact]
    public async Task TicketOpensOneTunnelOnly()
    {
        using var first = new NodeEnd('a');
        using var second = new NodeEnd('a');
        var ticket = _hub.Expect(first.Id, first.Mac);
        _hub.Show(first, ticket);
        await _hub.Logged("connected");
        _hub.Show(second, ticket);
        HubProcess.ReadToEnd(second.Connection!).ShouldStartWith("refused: ");
        _hub.Sessions.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("file")]
    [InlineData("device")]
    [InlineData("listener")]
    [InlineData("packets")]
    [InlineData("one")]
    [InlineData("three")]
    [InlineData("sixty-four")]
    [InlineData("swapped pipe")]
    public void WrongDescriptorsAreRefusedAndClosed(string kind)
    {
        using var node = new NodeEnd('a');
        using var folder = new TemporaryFolder();
        var (reader, writer) = FileDescriptor.Pipe();
        var (packets, packetsEnd) = UnixSocket.Pair(SocketKind.Packets);
        using var listener = UnixSocket.Listen(folder.File("listener"));
        using var file = File.Open(folder.File("file"), FileMode.Create);
        using var device = File.Open("/dev/null", FileMode.Open, FileAccess.ReadWrite);
        using var fileDescriptor = FileDescriptor.Inherited((int)file.SafeFileHandle.DangerousGetHandle());
        using var deviceDescriptor = FileDescriptor.Inherited((int)device.SafeFileHandle.DangerousGetHandle());
        FileDescriptor[] shown = kind switch
        {
            "file" => [node.FarStream, fileDescriptor],
            "device" => [deviceDescriptor, node.FarStream],
            "listener" => [listener, node.FarStream],
            "packets" => [packets, packets],
            "one" => [node.FarStream],
            "three" => [node.FarStream, node.FarStream, node.FarStream],
            "sixty-four" => [.. Enumerable.Repeat(node.FarStream, 64)],
            _ => [writer, reader],
        };
        var before = OpenDescriptors();
        using var connection = UnixSocket.Connect(_hub.ConnectSocket);
        DescriptorPassing.Send(connection, Encoding.ASCII.GetBytes(_hub.Expect(node.Id, node.Mac)), shown);
        HubProcess.ReadToEnd(connection).ShouldStartWith("refused: ");
        _hub.Sessions.ShouldBeEmpty();
        OpenDescriptors().ShouldBe(before);
        foreach (var descriptor in (FileDescriptor[])[reader, writer, packets, packetsEnd]) descriptor.Dispose();
    }

    [Fact]
    public async Task NewestSessionOfANodeWins()
    {
        using var older = await _hub.Connect('a');
        using var newer = await _hub.Connect('a');
        HubProcess.ReadToEnd(older.Connection!).ShouldBe("ended: the node connected again\n");
        older.ReceiveTheEnd();
        _hub.Sessions.Count.ShouldBe(1);
    }

    [Fact]
    public async Task MacBelongsToTheNodeItWasGivenLast()
    {
        using var former = await _hub.Connect('a');
        using var other = await _hub.Connect('b');
        using var node = new NodeEnd('c');
        _hub.Show(node, _hub.Expect(node.Id, former.Mac));
        HubProcess.ReadToEnd(former.Connection!).ShouldBe("ended: its address was given to another node\n");
        await _hub.Logged($"node {node.Id} connected");
        _hub.Sessions.Select(session => session.NodeId).ShouldBe([other.Id, node.Id], ignoreOrder: true);

        // When that one has gone the MAC is free again, and ends nobody.
        _hub.Ask(new HubRequest { Operation = HubOperation.Disconnect, NodeId = node.Id });
        using var again = await _hub.Connect('a');
        _hub.Sessions.Select(session => session.NodeId).ShouldBe([other.Id, again.Id], ignoreOrder: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TunnelsEndWithTheirBridgeAndComeBackOnTheNext(bool madeAnew)
    {
        using var node = await _hub.Connect('a');
        await Tools.Run("ip", "link", "delete", _hub.BridgeName);
        if (madeAnew) await Tools.Run("ip", "link", "add", _hub.BridgeName, "type", "bridge");
        HubProcess.ReadToEnd(node.Connection!).ShouldBe("ended: the bridge is gone\n");
        using var again = await _hub.Connect('a');
        (await Tools.Run("ip", "-o", "link", "show", "master", _hub.BridgeName)).ShouldContain("wn-aaaaaaaaaaaa");
    }

    [Fact]
    public async Task NodeThatComesAfterTheBridgeWentDoesNotHideThatFromTheOthers()
    {
        using var former = await _hub.Connect('a');
        await Tools.Run("ip", "link", "delete", _hub.BridgeName);
        using var newcomer = new NodeEnd('b');
        _hub.Show(newcomer, _hub.Expect(newcomer.Id, newcomer.Mac));
        HubProcess.ReadToEnd(former.Connection!).ShouldBe("ended: the bridge is gone\n");
        (await Tools.Run("ip", "-o", "link", "show", "master", _hub.BridgeName)).ShouldContain("wn-bbbbbbbbbbbb");
        _hub.Sessions.Select(session => session.NodeId).ShouldBe([newcomer.Id]);
    }

    [Fact]
    public async Task DisconnectCutsAtOnceAndVoidsTickets()
    {
        using var node = await _hub.Connect('a');
        var ticket = _hub.Expect(node.Id, node.Mac);
        _hub.Ask(new HubRequest { Operation = HubOperation.Disconnect, NodeId = node.Id, Reason = "revoked" }).Ok.ShouldBeTrue();
        HubProcess.ReadToEnd(node.Connection!).ShouldBe("ended: revoked\n");
        node.ReceiveTheEnd();
        using var again = new NodeEnd('a');
        _hub.Show(again, ticket);
        HubProcess.ReadToEnd(again.Connection!).ShouldStartWith("refused: ");
    }

    [Fact]
    public async Task KilledHubEndsEveryStreamAndItsTaps()
    {
        using var node = await _hub.Connect('a');
        _hub.Signal("KILL");
        await _hub.WaitForExit();
        node.ReceiveTheEnd();
        HubProcess.ReadToEnd(node.Connection!).ShouldBeEmpty();
        (await Tools.Run("ip", "-o", "link")).ShouldNotContain("wn-aaaa");
        (await NftListing.Tables()).ShouldBeEmpty();
    }

    [Fact]
    public async Task TerminatedHubTidiesUp()
    {
        using var node = await _hub.Connect('a');
        _hub.Signal("TERM");
        (await _hub.WaitForExit()).ShouldBe(0);
        HubProcess.ReadToEnd(node.Connection!).ShouldBe("ended: the hub stops\n");
        Directory.GetFiles(_hub.Folder, "*.sock").ShouldBeEmpty();
        (await Tools.Run("ip", "-o", "link")).ShouldNotContain("wn-aaaa");
        (await NftListing.Tables()).ShouldBeEmpty();
    }

    [Fact]
    public async Task RestartedHubLeavesOtherTablesAlone()
    {
        await Tools.Run("nft", "add", "table", "inet", "administrators");
        try
        {
            _hub.Signal("KILL");
            await _hub.WaitForExit();
            using var again = await HubProcess.Start();
            var tables = (await NftListing.Tables()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            tables.ShouldBe(["table inet administrators", "table bridge waltvpn"], ignoreOrder: true);
        }
        finally
        {
            await Tools.Run("nft", "delete", "table", "inet", "administrators");
        }
    }

    [Fact]
    public async Task SecondHubOfTheNetworkSaysSoAndTheFirstLivesOn()
    {
        using var node = await _hub.Connect('a');
        using var folder = new TemporaryFolder();
        string[] arguments = ["serve", "--bridge", "other", "--runtime-directory", folder.Path, "--state-directory", folder.Path];
        using var second = Process.Start(new ProcessStartInfo(HubProcess.Program, arguments) { RedirectStandardError = true })!;
        var errors = await second.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await second.WaitForExitAsync(TestContext.Current.CancellationToken);
        second.ExitCode.ShouldBe(1);
        errors.ShouldContain("NFT_MSG_NEWTABLE(table bridge waltvpn): EPERM");
        errors.ShouldContain("a hub runs already");
        _hub.Sessions.Count.ShouldBe(1);
        (await NftListing.Elements()).Count.ShouldBe(2);
    }

    [Fact]
    public async Task WithoutTheKernelsFilterThereIsNoTable()
    {
        _hub.Signal("TERM");
        await _hub.WaitForExit();
        using var hub = await HubProcess.Start(options: ["--kernel-filter", "off"]);
        using var node = await hub.Connect('a');
        hub.Sessions.Count.ShouldBe(1);
        (await NftListing.Tables()).ShouldBeEmpty();
    }

    [Fact]
    public async Task FiftyRoundsLeaveNothing()
    {
        (await _hub.Connect('a')).Dispose();
        await _hub.Logged("disconnected");
        var before = OpenDescriptors();
        for (var round = 0; round < 50; round++)
        {
            var node = await _hub.Connect('a');
            // By turns the SSH session, the stream and the server end it.
            if (round % 3 == 0) node.Connection!.Dispose();
            else if (round % 3 == 1) node.Stream.Dispose();
            else _hub.Ask(new HubRequest { Operation = HubOperation.Disconnect, NodeId = node.Id });
            await _hub.Logged("disconnected");
            node.Dispose();
        }

        _hub.Sessions.ShouldBeEmpty();
        OpenDescriptors().ShouldBe(before);
        (await Tools.Run("ip", "-o", "link")).ShouldNotContain("wn-aaaa");
        (await NftListing.Elements()).ShouldBeEmpty();
    }

    [Fact]
    public async Task BadClientsNeverStopTheHub()
    {
        byte[][] hostile =
        [
            "\n\n\n"u8.ToArray(),
            "{}\n"u8.ToArray(),
            "null\n"u8.ToArray(),
            "{\"operation\":\"burn\"}\n"u8.ToArray(),
            [0, 255, 10],
            new byte[100_000],
            "{\"operation\":\"expect\"}\n"u8.ToArray(),
        ];
        foreach (var bytes in hostile)
        {
            using var control = UnixSocket.Connect(Path.Combine(_hub.Folder, "control.sock"));
            control.TryWrite(bytes);
            control.Dispose();
            using var connect = UnixSocket.Connect(_hub.ConnectSocket);
            connect.TryWrite(bytes);
        }

        using var node = await _hub.Connect('a');
        _hub.Sessions.Count.ShouldBe(1);
    }

    [Fact]
    public async Task OnlyTheSshUserAndRootConnect()
    {
        using var node = new NodeEnd('a');
        var ticket = _hub.Expect(node.Id, node.Mac);
        var foreign = await RunConnect("waltvpn-hub", ticket);
        foreign.ExitCode.ShouldBe(1);
        (await _hub.Logged("refused")).ShouldContain("connect.sock: user ");

        // The ticket was not touched: the SSH user's own forced command opens the tunnel with it.
        using var connect = StartConnect("walt-vpn", ticket);
        await _hub.Logged($"node {node.Id} connected");
        _hub.Ask(new HubRequest { Operation = HubOperation.Disconnect, NodeId = node.Id, Reason = "enough" });
        (await connect.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken)).ShouldEndWith("ended: enough\n");
        await connect.WaitForExitAsync(TestContext.Current.CancellationToken);
        connect.ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task ForcedCommandRefusesAnyOtherCommand()
    {
        var refused = await RunConnect("walt-vpn", _hub.Expect(new string('a', 32), MacAddress.Parse("52:54:00:00:00:0a")), "sh -c id");
        refused.ExitCode.ShouldBe(1);
        refused.Errors.ShouldContain("not one of those");
        _hub.Sessions.ShouldBeEmpty();
    }

    private static Process StartConnect(string user, string ticket, string? command, string folder)
    {
        Tools.Require("setpriv");
        string[] arguments = ["--reuid", user, "--regid", user, "--clear-groups", HubProcess.Program, "connect", ticket, "--runtime-directory", folder];
        var start = new ProcessStartInfo("setpriv", arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (command is not null) start.Environment["SSH_ORIGINAL_COMMAND"] = command;
        return Process.Start(start)!;
    }

    private Process StartConnect(string user, string ticket) => StartConnect(user, ticket, null, _hub.Folder);

    private async Task<(int ExitCode, string Errors)> RunConnect(string user, string ticket, string? command = null)
    {
        using var process = StartConnect(user, ticket, command, _hub.Folder);
        var errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, errors);
    }

    private List<string> OpenDescriptors()
    {
        // An answer on the control socket comes after what the hub was doing before.
        _ = _hub.Sessions;
        // Sockets and pipes have numbers that change with each connection; what counts is how many of each kind there are.
        // (Files: a runtime opens assemblies when it likes.)
        string[] kinds = ["socket", "pipe", "anon_inode", "/dev/net/tun", "/dev/null"];
        var open = Directory.GetFileSystemEntries($"/proc/{_hub.ProcessId}/fd").Select(entry => new FileInfo(entry).LinkTarget!.Split(':')[0]);
        return [.. open.Where(kinds.Contains).Order()];
    }
}

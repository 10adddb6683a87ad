using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Shouldly;
using WaltVpn.Hub.Connect;
using WaltVpn.Linux;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Tunnel.Tests.Namespaces;

/// <summary>A running <c>waltvpn-hub serve</c> with a bridge of its own. <c>WALTVPN_HUB</c> names another build of it, e.g. the published one.</summary>
internal sealed class HubProcess : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private static int _count;
    private readonly Channel<string> _log = Channel.CreateUnbounded<string>();
    private readonly Process _process;
    private FileDescriptor? _control;

    private HubProcess(string folder, string bridge, string[] options)
    {
        (Folder, BridgeName) = (folder, bridge);
        string[] arguments = ["serve", "--bridge", bridge, "--runtime-directory", Folder, "--state-directory", Folder, .. options];
        var start = new ProcessStartInfo(Program, arguments) { RedirectStandardError = true };
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is { } text) _log.Writer.TryWrite(text);
            else _log.Writer.TryComplete();
        };
        _process.BeginErrorReadLine();
    }

    public static string Program => Environment.GetEnvironmentVariable("WALTVPN_HUB") ?? Path.Combine(AppContext.BaseDirectory, "waltvpn-hub");

    public string Folder { get; }

    public string BridgeName { get; }

    public int ProcessId => _process.Id;

    public string ConnectSocket => Path.Combine(Folder, "connect.sock");

    /// <summary>Starts a hub and waits until it is ready.</summary>
    public static async Task<HubProcess> Start(string? folder = null, string? bridge = null, params string[] options)
    {
        folder ??= Directory.CreateTempSubdirectory("waltvpn-hub-").FullName;
        // Other users must reach the sockets.
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        File.SetUnixFileMode(folder, Owner | UnixFileMode.OtherExecute | UnixFileMode.GroupExecute);
        var hub = new HubProcess(folder, bridge ?? $"br{Interlocked.Increment(ref _count)}", options);
        await hub.Logged("hub ready");
        return hub;
    }

    /// <summary>Waits for a line of the hub's log.</summary>
    public async Task<string> Logged(string part)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Deadline);
        var seen = new StringBuilder();
        try
        {
            await foreach (var line in _log.Reader.ReadAllAsync(deadline.Token))
            {
                if (line.Contains(part, StringComparison.Ordinal)) return line;
                seen.AppendLine(line);
            }
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"the hub did not say '{part}' in time, but: {seen}");
        }

        throw new InvalidOperationException($"the hub ended without '{part}': {seen}");
    }

    public HubAnswer Ask(HubRequest request)
    {
        // One connection for all questions: the hub's open descriptors stay the same.
        var socket = _control ??= UnixSocket.Connect(Path.Combine(Folder, "control.sock"));
        socket.Write([.. JsonSerializer.SerializeToUtf8Bytes(request, ProtocolJson.Default.HubRequest), (byte)'\n']);
        return JsonSerializer.Deserialize(ReadLine(socket), ProtocolJson.Default.HubAnswer)!;
    }

    public IReadOnlyList<TunnelSession> Sessions => Ask(new HubRequest { Operation = HubOperation.List }).Sessions!;

    /// <summary>Announces a node as the daemon does.</summary>
    /// <returns>Its ticket.</returns>
    public string Expect(string nodeId, MacAddress mac)
    {
        var ticket = Guid.NewGuid().ToString("N");
        var expected = new ExpectedNode { Ticket = ticket, NodeId = nodeId, VpnMac = mac, CertificateSerial = 7 };
        Ask(new HubRequest { Operation = HubOperation.Expect, Expect = expected }).Ok.ShouldBeTrue();
        return ticket;
    }

    /// <summary>Announces a node and connects it.</summary>
    /// <param name="digit">Makes its id and MAC.</param>
    /// <param name="version2">It asks for version 2.</param>
    public async Task<NodeEnd> Connect(char digit, bool version2 = false)
    {
        var node = new NodeEnd(digit);
        Show(node, new TunnelRequest(Expect(node.Id, node.Mac), version2).ToString());
        await Logged($"node {node.Id} connected");
        return node;
    }

    /// <summary>Shows a ticket with the node's stream, as the forced command does.</summary>
    public void Show(NodeEnd node, string ticket)
    {
        node.Connection = UnixSocket.Connect(ConnectSocket);
        DescriptorPassing.Send(node.Connection, Encoding.ASCII.GetBytes(ticket), node.FarStream, node.FarStream);
        node.FarStream.Dispose();
    }

    /// <summary>Everything up to the end of a connection, within the deadline.</summary>
    public static string ReadToEnd(FileDescriptor socket) => Encoding.UTF8.GetString(Read(socket, line: false));

    public void Signal(string name) => Process.Start("kill", ["-" + name, $"{_process.Id}"])!.WaitForExit();

    public async Task<int> WaitForExit()
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Deadline);
        await _process.WaitForExitAsync(deadline.Token);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        _control?.Dispose();
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static byte[] ReadLine(FileDescriptor socket) => Read(socket, line: true);

    private static byte[] Read(FileDescriptor socket, bool line)
    {
        List<byte> bytes = [];
        var buffer = new byte[4096];
        using var poll = new Poll((socket, PollEvents.POLLIN));
        while (!(line && bytes is [.., (byte)'\n']))
        {
            poll.Wait(Deadline).ShouldBeTrue("nothing came");
            var read = socket.TryRead(buffer);
            if (!read.Succeeded || read.Count == 0) break;
            bytes.AddRange(buffer.AsSpan(0, read.Count));
        }

        return [.. bytes];
    }
}

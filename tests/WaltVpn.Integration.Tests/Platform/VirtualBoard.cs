using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using WaltVpn.Protocol;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>A board with power on, wired to the platform's site network: a virtual one (scripts/lib/virtual-board) or an emulated one.</summary>
internal sealed class VirtualBoard : IAsyncDisposable
{
    // An emulated processor on a machine that others use as well.
    private static readonly TimeSpan ForBoot = TimeSpan.FromMinutes(8);
    private static int s_powerOns;
    private readonly Process _qemu;
    private readonly string _consolePath;
    private readonly TimeSpan _patience;

    private VirtualBoard(string name, string serial, Process qemu, string consolePath, TimeSpan patience)
    {
        (Name, Serial, _qemu, _consolePath, _patience) = (name, serial, qemu, consolePath, patience);
        Console = new ProgramLog(consolePath);
    }

    /// <summary>node0 to node99.</summary>
    public string Name { get; }

    /// <summary>What it claims at enrolment.</summary>
    public string Serial { get; }

    /// <summary>Its serial port, since power-on.</summary>
    public ProgramLog Console { get; }

    /// <summary>Switches it on.</summary>
    /// <param name="name">node0 to node99; decides serial number and MAC address.</param>
    /// <param name="card">The SD card; the board writes to it.</param>
    /// <param name="qemuOptions">More of qemu's options.</param>
    public static Task<VirtualBoard> PowerOn(string name, string card, params string[] qemuOptions) => PowerOn(name, card, "virtio-rng", qemuOptions);

    /// <summary>Switches on a board that has no hardware random generator.</summary>
    public static Task<VirtualBoard> PowerOnWithoutGenerator(string name, string card, params string[] qemuOptions) => PowerOn(name, card, "none", qemuOptions);

    /// <summary>Switches on a board whose wire is plugged into the platform's own network.</summary>
    public static Task<VirtualBoard> PowerOnInPlatform(string name, string card) => PowerOn(name, card, "virtio-rng", [], "platform");

    private static async Task<VirtualBoard> PowerOn(string name, string card, string generator, string[] qemuOptions, string network = "site")
    {
        var console = NewConsole(name);
        var start = new ProcessStartInfo(RepositoryFolder.File("scripts/lib/virtual-board"), [name, card, console, .. qemuOptions]);
        start.Environment["WALTVPN_BOARD_GENERATOR"] = generator;
        start.Environment["WALTVPN_BOARD_NETWORK"] = network;
        return await PowerOn(name, $"demo-{int.Parse(name[4..], null):0000}", start, console, ForBoot);
    }

    /// <summary>Where the next board's serial port goes.</summary>
    public static string NewConsole(string name) => RunningPlatform.File($"log/{name}-{++s_powerOns}");

    /// <summary>Switches a board on.</summary>
    /// <param name="serial">What it claims at enrolment.</param>
    /// <param name="start">Starts QEMU, whose monitor is at <paramref name="console"/> with <c>.monitor</c> behind it.</param>
    /// <param name="console">Path of what its serial port prints.</param>
    /// <param name="patience">For each of its steps.</param>
    public static async Task<VirtualBoard> PowerOn(string name, string serial, ProcessStartInfo start, string console, TimeSpan patience)
    {
        var qemu = Process.Start(start)!;
        await Eventually.Holds($"{name} is on", () => File.Exists($"{console}.monitor") || qemu.HasExited);
        if (qemu.HasExited) throw new InvalidOperationException($"{name} went off with status {qemu.ExitCode}; what it said is above");
        return new VirtualBoard(name, serial, qemu, console, patience);
    }

    /// <summary>The board's request for access, when it has asked.</summary>
    public async Task<RequestView> Request()
    {
        RequestView? request = null;
        await Eventually.Holds($"{Name} asks to join", async () =>
        {
            request = (await RunningPlatform.Requests()).SingleOrDefault(other => other.Serial == Serial);
            return request is not null;
        }, _patience);
        return request!;
    }

    /// <summary>Waits for its request, accepts it as an operator does, and waits until it is online.</summary>
    public async Task<NodeView> Join()
    {
        var request = await Request();
        await Tool.Succeed(RunningPlatform.Program("waltvpn"), "--socket", RunningPlatform.File("run/api.sock"), "request", "accept", $"{request.Id}");
        return await Online();
    }

    /// <summary>Waits until it is online, and the server agrees.</summary>
    public async Task<NodeView> Online()
    {
        await Console.Await("walt-vpn online: .* is online", _patience);
        NodeView? node = null;
        await Eventually.Holds($"the server sees {Name}", async () =>
        {
            node = (await RunningPlatform.Nodes()).Single(other => other.Serial == Serial);
            return node.Tunnel is { Addresses.Count: > 0 };
        }, _patience);
        return node!;
    }

    /// <summary>Sends one command to QEMU's monitor and waits until it was carried out.</summary>
    /// <returns>What the monitor said.</returns>
    public async Task<string> Monitor(string command)
    {
        Socket? connected = null;
        // QEMU makes the file before it listens.
        await Eventually.Holds($"{Name}'s monitor listens", async () => (connected = await TryConnect()) is not null);
        using var socket = connected!;
        using var deadline = new CancellationTokenSource(Tool.Deadline);
        await Prompt(socket, deadline.Token);
        await socket.SendAsync(Encoding.ASCII.GetBytes(command + "\n"));
        return await Prompt(socket, deadline.Token);
    }

    /// <summary>Waits until it has switched itself off or asked for a reset.</summary>
    public async Task Off()
    {
        using var deadline = new CancellationTokenSource(Tool.Deadline);
        await _qemu.WaitForExitAsync(deadline.Token);
    }

    /// <summary>Pulls the plug.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_qemu.HasExited) _qemu.Kill();
        await Off();
        _qemu.Dispose();
    }

    private async Task<Socket?> TryConnect()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint($"{_consolePath}.monitor"));
            return socket;
        }
        catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused && !_qemu.HasExited)
        {
            socket.Dispose();
            return null;
        }
    }

    private static async Task<string> Prompt(Socket socket, CancellationToken deadline)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (!text.ToString().EndsWith("(qemu) ", StringComparison.Ordinal))
        {
            var length = await socket.ReceiveAsync(buffer, deadline);
            if (length == 0) break;
            text.Append(Encoding.ASCII.GetString(buffer, 0, length));
        }

        return text.ToString();
    }
}

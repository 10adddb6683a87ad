using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Shouldly;
using WaltVpn.Agent.Guests.Qmp;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Guests;

public sealed class QmpTests : IDisposable
{
    private const string Qemu = "/usr/bin/qemu-system-x86_64";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);
    private readonly string _folder = Directory.CreateTempSubdirectory("waltvpn-qmp-").FullName;

    private string SocketPath => Path.Combine(_folder, "qmp.sock");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task RealQemuAnswersCommandsAndRefusalsAndTellsItsEnd()
    {
        Assert.SkipUnless(File.Exists(Qemu), "qemu-system-x86_64 is missing");
        using var qemu = Process.Start(
            new ProcessStartInfo(Qemu, ["-machine", "none", "-nodefaults", "-display", "none", "-qmp", $"unix:{SocketPath},server=on,wait=off"]))!;
        try
        {
            var events = new List<string>();
            using var connection = await QmpConnection.Open(
                SocketPath, Deadline, message => events.Add($"{message.Event} {message.Data?.Reason}"), qemu.WaitForExitAsync(Cancellation), Cancellation);
            (await connection.Execute(QmpCommand.QueryStatus, Cancellation)).Status.ShouldBe("running");
            (await connection.Execute(QmpCommand.QueryKvm, Cancellation)).Enabled.ShouldBe(false);
            var refusal = await Should.ThrowAsync<QmpException>(connection.Execute(QmpCommand.AddUsb("usb1", "/dev/bus/usb/999/999"), Cancellation));
            refusal.Refused.ShouldBeTrue(refusal.Message);
            (await Should.ThrowAsync<QmpException>(connection.Execute(QmpCommand.Remove("usb1"), Cancellation))).Message.ShouldContain("not found");
            // Many at once are one after the other.
            var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => connection.Execute(QmpCommand.QueryStatus, Cancellation)));
            answers.ShouldAllBe(answer => answer.Status == "running");
            using var kill = Process.Start("kill", $"{qemu.Id}");
            (await connection.Ended.WaitAsync(Deadline, Cancellation)).ShouldBe("it closed its socket");
            events.ShouldContain("SHUTDOWN host-signal");
            (await Should.ThrowAsync<QmpException>(connection.Execute(QmpCommand.QueryStatus, Cancellation))).Refused.ShouldBeFalse();
        }
        finally
        {
            if (!qemu.HasExited) qemu.Kill();
            await qemu.WaitForExitAsync(Cancellation);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("null\n")]
    [InlineData("[]\n")]
    [InlineData("{\n")]
    [InlineData("{\"QMP\": []}\n")]
    [InlineData("{\"return\": {}, \"error\": {\"class\": \"a\", \"desc\": \"b\"}}\n")]
    [InlineData("{\"error\": {}}\n")]
    [InlineData("{\"event\": 5}\n")]
    [InlineData("{\"hello\": {}}\n")]
    [InlineData("\u0000\u0001\u0002\n")]
    public async Task WhoIsNoQemuIsNotSpokenTo(string greeting)
    {
        await using var server = new Listener(SocketPath, async stream => await stream.WriteAsync(Encoding.UTF8.GetBytes(greeting)));
        await Should.ThrowAsync<QmpException>(Open(Deadline));
    }

    [Fact]
    public async Task LineWithoutEndIsCutOff()
    {
        await using var server = new Listener(SocketPath, async stream =>
        {
            var flood = Encoding.ASCII.GetBytes(new string('{', 10_000));
            for (var i = 0; i < 100; i++) await stream.WriteAsync(flood);
        });
        (await Should.ThrowAsync<QmpException>(Open(Deadline))).Message.ShouldContain("a line of more than 65536 bytes");
    }

    [Theory]
    [InlineData("{\"return\": {}, \"id\": 7}\n", "it answered something else")]
    [InlineData("{\"return\": 5, \"id\": 1}\n", "it is no message")]
    [InlineData("nonsense\n", "it is no message")]
    public async Task AnswerThatIsNoneIsAnError(string answer, string said)
    {
        await using var server = new Listener(SocketPath, async stream =>
        {
            await stream.WriteAsync("{\"QMP\": {\"version\": {}, \"capabilities\": []}}\n"u8.ToArray());
            await stream.ReadAtLeastAsync(new byte[10], 10);
            await stream.WriteAsync(Encoding.UTF8.GetBytes(answer));
        });
        (await Should.ThrowAsync<QmpException>(Open(Deadline))).Message.ShouldContain(said);
    }

    [Fact]
    public async Task QemuThatSaysNothingIsGivenUp()
    {
        await using var server = new Listener(SocketPath, async stream => await stream.ReadAtLeastAsync(new byte[1], 1));
        (await Should.ThrowAsync<QmpException>(Open(Soon))).Message.ShouldContain("its greeting did not come within 1 s");
    }

    [Fact]
    public async Task SocketThatNobodyOpensIsGivenUpWithItsProgram() =>
        (await Should.ThrowAsync<QmpException>(
            QmpConnection.Open(SocketPath, Deadline, _ => { }, Task.CompletedTask, Cancellation)))
            .Message.ShouldContain("QEMU ended before it could be spoken to");

    [Fact]
    public void BytesOfAnyKindAreAMessageOrAFormatException()
    {
        var valid = "{\"timestamp\": {\"seconds\": 1}, \"event\": \"SHUTDOWN\", \"data\": {\"guest\": true, \"reason\": \"guest-reset\"}}"u8.ToArray();
        QmpMessage.Parse(valid).Data!.Reason.ShouldBe("guest-reset");
        var random = new Random(20260101);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = (byte[])valid.Clone();
            for (var changes = random.Next(1, 6); changes > 0; changes--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                QmpMessage.Parse(bytes.AsSpan(0, random.Next(bytes.Length + 1)));
            }
            catch (FormatException)
            {
                // What is no message is said to be none.
            }
        }
    }

    private Task<QmpConnection> Open(TimeSpan deadline) =>
        QmpConnection.Open(SocketPath, deadline, _ => { }, new TaskCompletionSource().Task, Cancellation);

    /// <summary>Says something to the first who connects, and closes.</summary>
    private sealed class Listener : IAsyncDisposable
    {
        private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        private readonly Task _serving;

        public Listener(string path, Func<NetworkStream, Task> talk)
        {
            _socket.Bind(new UnixDomainSocketEndPoint(path));
            _socket.Listen(1);
            _serving = Serve(talk);
        }

        public async ValueTask DisposeAsync()
        {
            _socket.Dispose();
            await _serving;
        }

        private async Task Serve(Func<NetworkStream, Task> talk)
        {
            try
            {
                await using var stream = new NetworkStream(await _socket.AcceptAsync(), ownsSocket: true);
                await talk(stream);
            }
            catch (Exception gone) when (gone is IOException or SocketException or ObjectDisposedException)
            {
                // The other side had enough.
            }
        }
    }
}

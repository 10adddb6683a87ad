using System.Text;
using Shouldly;
using WaltVpn.Agent.Guests;
using WaltVpn.Agent.Guests.Qmp;
using WaltVpn.Linux;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Agent.Tests.Namespaces;

/// <summary>
/// A virtual machine as a board starts it, with a kernel of a few instructions. docs/security.md "The node".
/// <code>
/// GuestMachine ── QEMU: SeaBIOS ▸ kernel: prints "hello" on the serial port, resets the machine
///       └ QMP      └ TAP walt-guest ── bridge walt-net
/// </code>
/// </summary>
[Collection(Alone.Name)]
public sealed class GuestMachineTests : IDisposable
{
    private static readonly GuestKind Pc = new("guest-x64", "/usr/bin/qemu-system-x86_64", "pc,usb=off", "Nehalem");
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private readonly string _folder = Directory.CreateTempSubdirectory("waltvpn-machine-").FullName;
    private readonly RecordingLog _log = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public GuestMachineTests()
    {
        Assert.SkipUnless(File.Exists(Pc.Program), $"{Pc.Program} is missing");
        using var kernel = new Rtnetlink();
        kernel.CreateBridge(GuestNetwork.Bridge, [0x5A, 0x54, 0, 1, 2, 3]);
        kernel.LinkUp(GuestNetwork.Bridge);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task QemuIsNobodyWithoutRightsAndItsGuestIsHeardPluggedInAndFollowedToItsEnd()
    {
        using var machine = Start();
        await UntilNobody(machine.Pid);
        var status = await File.ReadAllLinesAsync($"/proc/{machine.Pid}/status", Cancellation);
        string Of(string name) => string.Join(' ', status.Single(line => line.StartsWith($"{name}:", StringComparison.Ordinal)).Split('\t')[1..]);
        (Of("Uid"), Of("Gid")).ShouldBe(("65534 65534 65534 65534", "65534 65534 65534 65534"));
        foreach (var set in (string[])["CapInh", "CapPrm", "CapEff", "CapAmb"]) Of(set).ShouldBe("0000000000000000", set);
        (Of("NoNewPrivs"), Of("Seccomp")).ShouldBe(("1", "2"), "a filter of system calls that no child can leave");
        File.GetUnixFileMode(Path.GetDirectoryName(GuestMachine.SocketPath)!).ShouldBe(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, "who is nobody does not reach QEMU's socket");

        var (_, withKvm) = await machine.Begin(Cancellation);
        withKvm.ShouldBeFalse("it was not asked for");
        using (var kernel = new Rtnetlink())
        {
            var tap = kernel.FindLink(GuestNetwork.Tap).ShouldNotBeNull();
            (tap.Up, tap.Master).ShouldBe((true, kernel.FindLink(GuestNetwork.Bridge)!.Index));
        }

        await machine.Ended.WaitAsync(Deadline, Cancellation);
        (await machine.End(null)).ShouldBe(new GuestEnd(GuestEndKind.Restarted, "restarts"));
        _log.Lines.ShouldContain("info HandOff: guest: hello");
    }

    [Fact]
    public async Task MachineThatIsKilledOrCannotStartIsToldFromOneThatEnds()
    {
        using (var machine = Start())
        {
            await machine.Begin(Cancellation);
            await machine.End("the test has enough");
        }

        using var without = GuestMachine.Start(Pc.Program, [.. Arguments("nothing there")], _log);
        await Should.ThrowAsync<QmpException>(without.Begin(Cancellation));
        var end = await without.End(null);
        end.Kind.ShouldBe(GuestEndKind.Broken);
        end.Words.ShouldMatch("broke down: QEMU ended with exit status 1: .*nothing there");
        Should.Throw<ErrnoException>(() => GuestMachine.Start("/usr/bin/qemu-of-no-image", [], _log)).Errno.ShouldBe(Errno.ENOENT);
    }

    private GuestMachine Start()
    {
        var kernel = Path.Combine(_folder, "kernel");
        File.WriteAllBytes(kernel, Kernel("hello\r\n"));
        return GuestMachine.Start(Pc.Program, Arguments(kernel), _log);
    }

    private IReadOnlyList<string> Arguments(string kernel)
    {
        var initramfs = Path.Combine(_folder, "initramfs");
        File.WriteAllText(initramfs, "none");
        var files = new GuestFiles(kernel, initramfs, "quiet", new string('0', 64), 0);
        return GuestCommand.Arguments(Pc, files, new GuestSize(64, 1, null), MacAddress.Parse("52:54:00:01:02:03"), GuestMachine.SocketPath, withKvm: false);
    }

    // QEMU drops its rights when all that takes rights is open.
    private static async Task UntilNobody(int pid)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        deadline.CancelAfter(Deadline);
        while (!File.ReadAllText($"/proc/{pid}/status").Contains("\nUid:\t65534\t", StringComparison.Ordinal)) await Task.Delay(Pause, deadline.Token);
    }

    /// <summary>Linux's x86 boot protocol (Documentation/arch/x86/boot.rst) as far as it is needed to be started; what it does is in real mode.</summary>
    private static byte[] Kernel(string greeting)
    {
        var kernel = new byte[4096];
        kernel[0x1F1] = 1; // setup_sects
        (kernel[0x1FE], kernel[0x1FF]) = (0x55, 0xAA);
        (kernel[0x200], kernel[0x201]) = (0xEB, 0x66); // jmp 0x268
        "HdrS"u8.CopyTo(kernel.AsSpan(0x202));
        (kernel[0x206], kernel[0x207]) = (0x0A, 0x02); // protocol 2.10
        kernel[0x211] = 1; // LOADED_HIGH
        new byte[] { 0xFF, 0xFF, 0xFF, 0x37 }.CopyTo(kernel, 0x22C); // initrd_addr_max
        byte[] code =
        [
            0xBA, 0xF8, 0x03, // mov dx, 0x3f8: the first serial port
            .. Encoding.ASCII.GetBytes(greeting).SelectMany(character => (byte[])[0xB0, character, 0xEE]), // mov al, character; out dx, al
            0xB0, 0xFE, 0xE6, 0x64, // mov al, 0xfe; out 0x64, al: the keyboard controller resets the machine
            0xF4, 0xEB, 0xFD, // hlt; jmp to it
        ];
        code.CopyTo(kernel, 0x268);
        return kernel;
    }
}

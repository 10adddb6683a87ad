using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using Shouldly;
using WaltVpn.Linux;
using Xunit;

namespace WaltVpn.Tunnel.Tests.Unit;

/// <summary>Every constant, size and offset that WaltVpn.Linux declares is what the C headers say, on each architecture we ship for.</summary>
/// <remarks>Needs gcc; for arm64 the Debian packages gcc-aarch64-linux-gnu, libc6-dev-arm64-cross and qemu-user-static.</remarks>
public sealed class KernelNumbersTests
{
    // What stands in each C structure's place. A member named like the C member is compared in offset too.
    private static readonly (string C, Type Ours)[] Structures =
    [
        ("struct statx", typeof(StatxBuffer)),
        ("struct open_how", typeof(OpenHow)),
        ("struct ifreq", typeof(InterfaceRequest)),
        ("struct pollfd", typeof(PollDescriptor)),
        ("struct passwd", typeof(PasswdRecord)),
        ("struct ucred", typeof(UserCredentials)),
        ("struct iovec", typeof(IoVector)),
        ("struct msghdr", typeof(MessageHeader)),
        ("struct cmsghdr", typeof(ControlMessageHeader)),
        ("struct nlmsghdr", typeof(NetlinkHeader)),
        ("struct nlattr", typeof(NetlinkAttribute)),
        ("struct sockaddr_nl", typeof(NetlinkAddress)),
        ("struct ifinfomsg", typeof(LinkMessage)),
        ("struct ifaddrmsg", typeof(AddressMessage)),
        ("struct rtmsg", typeof(RouteMessage)),
        ("struct ndmsg", typeof(NeighbourMessage)),
        ("struct nfgenmsg", typeof(NetfilterMessage)),
        ("siginfo_t", typeof(ChildInfo)),
        ("struct sigevent", typeof(SignalEvent)),
        ("struct itimerspec", typeof(TimerSetting)),
        ("posix_spawn_file_actions_t", typeof(SpawnFileActionsBuffer)),
        ("posix_spawnattr_t", typeof(SpawnAttributesBuffer)),
        ("sigset_t", typeof(SignalSetBuffer)),
    ];

    private const string Headers = """
        #define _GNU_SOURCE
        #include <stddef.h>
        #include <stdio.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <poll.h>
        #include <pwd.h>
        #include <signal.h>
        #include <spawn.h>
        #include <time.h>
        #include <sys/epoll.h>
        #include <sys/eventfd.h>
        #include <sys/ioctl.h>
        #include <sys/socket.h>
        #include <sys/stat.h>
        #include <sys/syscall.h>
        #include <sys/mount.h>
        #include <sys/uio.h>
        #include <sys/wait.h>
        #include <linux/if.h>
        #include <linux/if_addr.h>
        #include <linux/if_link.h>
        #include <linux/if_tun.h>
        #include <linux/neighbour.h>
        #include <linux/netfilter.h>
        #include <linux/netfilter_bridge.h>
        #include <linux/netfilter/nf_tables.h>
        #include <linux/netfilter/nfnetlink.h>
        #include <linux/openat2.h>
        #include <linux/reboot.h>
        #include <linux/netlink.h>
        #include <linux/random.h>
        #include <linux/rtnetlink.h>
        #include <linux/watchdog.h>
        """;

    [Theory]
    [InlineData("gcc", "", Architecture.X64)]
    [InlineData("aarch64-linux-gnu-gcc", "qemu-aarch64-static", Architecture.Arm64)]
    public async Task EveryNumberIsTheHeaders(string compiler, string emulator, Architecture architecture)
    {
        Tools.Require(compiler);
        if (emulator.Length > 0) Tools.Require(emulator);
        if (emulator.Length == 0) Assert.SkipUnless(RuntimeInformation.ProcessArchitecture == architecture, $"this machine is not {architecture}");

        var expected = Numbers().Append(("sizeof(struct epoll_event)", EpollEventLayout.For(architecture).Size))
            .Append(("offsetof(struct epoll_event, data)", EpollEventLayout.For(architecture).DataOffset))
            .Append(("SYS_openat2", (long)SystemCall.SYS_openat2))
            .Append(("IFNAMSIZ", Tap.NameSize))
            .Append(("CMSG_LEN(0)", 16))
            .ToList();
        expected.Count.ShouldBeGreaterThan(120);

        using var folder = new TemporaryFolder();
        var source = folder.File("numbers.c");
        var program = folder.File("numbers");
        await File.WriteAllTextAsync(source, Program(expected.Select(number => number.Item1)), TestContext.Current.CancellationToken);
        await Tools.Run(compiler, "-static", "-o", program, source);
        var output = emulator.Length > 0 ? await Tools.Run(emulator, program) : await Tools.Run(program);

        var actual = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var declared = expected.Select(number => string.Create(CultureInfo.InvariantCulture, $"{number.Item1} = {number.Item2 & 0xFFFFFFFF}")).ToList();
        actual.Length.ShouldBe(declared.Count);
        declared.Except(actual).ShouldBeEmpty();
    }

    [Fact]
    public void EveryLayoutIsInTheTable()
    {
        var layouts = typeof(Tap).Assembly.GetTypes().Where(type => type is { IsValueType: true, IsEnum: false, IsNested: false }
            && type.GetFields(BindingFlags.Public | BindingFlags.Instance).Any(field => char.IsLower(field.Name[0])));
        layouts.Except(Structures.Select(structure => structure.Ours)).ShouldBeEmpty();
    }

    private static IEnumerable<(string, long)> Numbers()
    {
        var enums = typeof(Tap).Assembly.GetTypes().Where(type => type is { IsEnum: true, IsNested: false });
        foreach (var type in enums)
            foreach (var name in type.GetEnumNames().Where(name => name.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c == '_')))
                yield return (name, Convert.ToInt64(Enum.Parse(type, name), CultureInfo.InvariantCulture));
        foreach (var (c, ours) in Structures)
        {
            yield return ($"sizeof({c})", Marshal.SizeOf(ours));
            foreach (var field in ours.GetFields(BindingFlags.Public | BindingFlags.Instance))
                yield return ($"offsetof({c}, {field.Name})", (long)Marshal.OffsetOf(ours, field.Name));
        }
    }

    private static string Program(IEnumerable<string> expressions)
    {
        var text = new StringBuilder(Headers).Append("\nint main(void) {\n");
        foreach (var expression in expressions)
            text.Append(CultureInfo.InvariantCulture, $"  printf(\"{expression} = %lu\\n\", (unsigned long)(unsigned int)({expression}));\n");
        return text.Append("  return 0;\n}\n").ToString();
    }
}

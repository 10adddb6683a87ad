using System.Globalization;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Guests;

/// <summary>QEMU's arguments. No input, no output.</summary>
/// <remarks>
/// The program starts as root, opens the TAP and /dev/kvm, and is then nobody, without capabilities, behind QEMU's own filter of system calls: it runs
/// a guest that nobody trusts beside the node's key (docs/security.md NODE-4).
/// </remarks>
internal static class GuestCommand
{
    /// <summary>uid:gid of nobody, in every Debian and in our initramfs, where nothing belongs to it.</summary>
    private const string Nobody = "65534:65534";

    /// <summary>The guest waits for <c>cont</c>.</summary>
    /// <param name="kind">Which machine.</param>
    /// <param name="files">What it starts.</param>
    /// <param name="size">Memory and processors.</param>
    /// <param name="mac">Its network card's.</param>
    /// <param name="socket">Path of QMP's socket.</param>
    /// <param name="withKvm">There is a /dev/kvm; emulation takes over when it does not work.</param>
    public static IReadOnlyList<string> Arguments(GuestKind kind, GuestFiles files, GuestSize size, MacAddress mac, string socket, bool withKvm) =>
    [
        "-name", "guest", "-nodefaults", "-no-user-config", "-display", "none", "-S",
        // "max" is the board's own processor under KVM.
        "-machine", kind.Machine, .. withKvm ? ["-accel", "kvm"] : Array.Empty<string>(), "-accel", "tcg,thread=multi",
        "-cpu", withKvm ? "max" : kind.Emulated,
        "-m", Text(size.Memory), "-smp", Text(size.Cores),
        "-kernel", files.Kernel, "-initrd", files.Initramfs, "-append", files.CommandLine,
        // Each of these ends the program: the board starts over, and with it its USB ports.
        "-action", "reboot=shutdown,shutdown=poweroff,panic=shutdown,watchdog=poweroff",
        "-qmp", $"unix:{socket},server=on,wait=off",
        "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
        "-netdev", $"tap,id=wire,ifname={GuestNetwork.Tap},script=no,downscript=no",
        // romfile: a guest that is given its kernel needs no boot program in its network card.
        "-device", $"virtio-net-pci,netdev=wire,mac={mac},romfile=",
        "-object", "rng-random,id=random,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=random",
        "-device", "qemu-xhci,id=usb,p2=15,p3=15", "-device", "i6300esb", "-device", "pvpanic-pci",
        "-runas", Nobody, "-sandbox", "on,obsolete=deny,spawn=deny,resourcecontrol=deny",
    ];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

using System.Runtime.InteropServices;

namespace WaltVpn.Agent.Guests;

/// <summary>Which virtual machine a board can run: one of its own processor's kind.</summary>
/// <param name="Name">What the manifest of its image says for <c>board</c>.</param>
/// <param name="Program">QEMU's program in the initramfs.</param>
/// <param name="Machine">QEMU's <c>-machine</c>.</param>
internal sealed record GuestKind(string Name, string Program, string Machine)
{
    private static readonly GuestKind Pc = new("guest-x64", "/usr/bin/qemu-system-x86_64", "pc,usb=off");
    private static readonly GuestKind Virt = new("guest-arm64", "/usr/bin/qemu-system-aarch64", "virt,gic-version=max");

    /// <summary>The board's.</summary>
    public static GuestKind OfThisBoard() => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? Virt : Pc;
}

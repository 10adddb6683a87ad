using System.Runtime.InteropServices;

namespace WaltVpn.Agent.Guests;

/// <summary>Which virtual machine a board can run: one of its own processor's kind.</summary>
/// <param name="Name">What the manifest of its image says for <c>board</c>.</param>
/// <param name="Program">QEMU's program in the initramfs.</param>
/// <param name="Machine">QEMU's <c>-machine</c>.</param>
/// <param name="Emulated">QEMU's <c>-cpu</c> where there is no KVM: what today's systems need, and nothing that is slow to emulate.</param>
internal sealed record GuestKind(string Name, string Program, string Machine, string Emulated)
{
    private static readonly GuestKind Pc = new("guest-x64", "/usr/bin/qemu-system-x86_64", "pc,usb=off", "Nehalem");
    private static readonly GuestKind Virt = new("guest-arm64", "/usr/bin/qemu-system-aarch64", "virt,gic-version=max", "cortex-a72");

    /// <summary>The board's.</summary>
    public static GuestKind OfThisBoard() => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? Virt : Pc;
}

namespace WaltVpn.ImageBuilder.Boards;

/// <summary>What a board's image has beside all else when it is to run virtual machines (<c>--with-vm</c>, docs/handoff.md "Mode vm").</summary>
internal static class VirtualMachines
{
    /// <summary>The board with QEMU for its own processor, and the modules that QEMU and its wire need. Those the kernel has built in are fine.</summary>
    public static Board With(Board board)
    {
        var modules = board.LibraryFolder;
        var (package, program, accelerators) = board.Architecture == "amd64"
            ? ("qemu-system-x86", "usr/bin/qemu-system-x86_64", (string[])["accel-tcg-x86_64.so"])
            : ("qemu-system-arm", "usr/bin/qemu-system-aarch64", []);
        return board with
        {
            Variant = "-vm",
            KernelModules =
            [
                .. board.KernelModules, "bridge",
                .. board.Architecture == "amd64" ? ["kvm_intel", "kvm_amd", "xhci_pci", "ehci_pci", "uhci_hcd"] : Array.Empty<string>(),
            ],
            Programs =
            [
                .. board.Programs, new BoardProgram(package, program),
                // QEMU opens these by name, below its own folder.
                .. accelerators.Append("hw-usb-host.so").Select(name => new BoardProgram("qemu-system-common", $"usr/lib/{modules}/qemu/{name}")),
            ],
            DataFiles = board.Architecture == "amd64"
                ?
                [
                    new BoardProgram("seabios", "usr/share/seabios/bios-256k.bin"), new BoardProgram("qemu-system-data", "usr/share/qemu/linuxboot_dma.bin"),
                    new BoardProgram("qemu-system-data", "usr/share/qemu/kvmvapic.bin"),
                ]
                : [],
        };
    }
}

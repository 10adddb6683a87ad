namespace WaltVpn.ImageBuilder.Boards;

/// <summary>A PC as QEMU plays it: <c>qemu-system-x86_64 -drive file=IMAGE,format=raw</c> and nothing more (IDE disk, e1000), or with virtio devices.</summary>
internal static class QemuX64
{
    public static Board Board { get; } = new()
    {
        Name = "qemu-x64",
        Description = "virtual PC of qemu-system-x86_64",
        Architecture = "amd64",
        LibraryFolder = "x86_64-linux-gnu",
        // Not the cloud kernel: it has neither IDE disks nor e1000.
        KernelPackage = "linux-image-amd64",
        KernelModules =
        [
            // Disks: PIIX IDE of the "pc" machine, AHCI of "q35", virtio.
            "ata_piix", "ahci", "sd_mod", "virtio_blk", "virtio_scsi",
            // Network cards.
            "e1000", "e1000e", "8139cp", "virtio_net",
            // Virtio's bus, and the host's random numbers for the first key.
            "virtio_pci", "virtio_rng",
            // The watchdog, of -device i6300esb.
            "i6300esb",
            // Boot partition: vfat does not mount without its code pages, and modprobe does not pull them in.
            "vfat", "nls_cp437", "nls_iso8859-1", "nls_ascii", "nls_utf8",
            // State partition, with the checksum it asks the kernel for by name.
            "ext4", "crc32c_generic",
            // The tunnel.
            "tun",
            // The node's root. The kernel loads a version's module by the name it asks for, not by a dependency.
            "nfs", "nfsv3", "nfsv4",
        ],
        // net.ifnames=0: the operating system of the root must not rename the interface that carries its tunnel (docs/handoff.md).
        // no_timer_check: an emulated timer may be late on a busy machine, which the kernel takes for a broken one ("IO-APIC + timer doesn't work").
        KernelCommandLine = "console=tty0 console=ttyS0,115200 panic=10 net.ifnames=0 no_timer_check",
        BootLoader = new SyslinuxLoader(),
        ImageMebibytes = 512,
        BootMebibytes = 256,
    };
}

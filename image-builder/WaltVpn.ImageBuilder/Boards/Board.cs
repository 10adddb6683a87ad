namespace WaltVpn.ImageBuilder.Boards;

/// <summary>What the builder has to know of a board. Each board is one file of data beside this one.</summary>
internal sealed record Board
{
    /// <summary>As <c>--board</c> names it.</summary>
    public required string Name { get; init; }

    /// <summary>One line for <c>--help</c>.</summary>
    public required string Description { get; init; }

    /// <summary>Debian's name of the processor architecture.</summary>
    public required string Architecture { get; init; }

    /// <summary>Debian's name of the folder with that architecture's libraries (multiarch tuple).</summary>
    public required string LibraryFolder { get; init; }

    /// <summary>Debian's suite that all packages come from, with its updates and backports; null: whatever this machine's sources have.</summary>
    public string? Suite { get; init; }

    /// <summary>The package that stands for the newest kernel of the suite, as apt-get takes it: <c>/</c> and another suite may follow.</summary>
    public required string KernelPackage { get; init; }

    /// <summary>Modules by name; the builder adds what they need. One that the kernel has built in is fine.</summary>
    public required IReadOnlyList<string> KernelModules { get; init; }

    /// <summary>Programs beside those of every image; none is missing when the image is made.</summary>
    public IReadOnlyList<BoardProgram> Programs { get; init; } = [];

    /// <summary>Files of packages that are no programs and no libraries: where they stand in the package and in the initramfs.</summary>
    public IReadOnlyList<BoardProgram> DataFiles { get; init; } = [];

    /// <summary>Behind <see cref="Name"/> for what is kept between builds; empty: the board as it is.</summary>
    public string Variant { get; init; } = "";

    /// <summary>Kernel parameters, consoles included; the last console is the one <c>/dev/console</c> stands for.</summary>
    public required string KernelCommandLine { get; init; }

    /// <summary>
    /// Kernel parameters of a card that starts boot images (docs/images.md "Two stages"): the watchdog goes on while the next kernel starts.
    /// </summary>
    public string StageOneParameters { get; init; } = "watchdog.stop_on_reboot=0";

    /// <summary>What starts the kernel, and what it needs for that.</summary>
    public required BootLoader BootLoader { get; init; }

    /// <summary>Size of the image in MiB. A power of two: QEMU takes no other SD card.</summary>
    public required int ImageMebibytes { get; init; }

    /// <summary>Size of the boot partition in MiB; the state partition takes the rest.</summary>
    public required int BootMebibytes { get; init; }
}

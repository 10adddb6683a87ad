using WaltVpn.Agent.Flash;
using WaltVpn.Linux;

namespace WaltVpn.Agent.Tests.Unit.Flash;

/// <summary>
/// The program flashrom with a <see cref="NorFlash"/> behind it: the options, statuses and texts of version 1.3, as far as we use them. It stands for the
/// chip, which the real one's emulation keeps in memory until it ends, so that nothing can be cut off there.
/// </summary>
internal sealed class FlashromModel(NorFlash chip) : IFlashrom
{
    public const string ChipName = "W25Q16.V";

    /// <summary>A cut kills flashrom only, and the board stays on.</summary>
    public bool BoardStaysOn { get; init; }

    /// <summary>Writing reports success whatever happened; how many times.</summary>
    public int Lies { get; set; }

    /// <summary>Reading fails; how many times.</summary>
    public int Unreadable { get; set; }

    /// <summary>After the first write, reading fails.</summary>
    public bool UnreadableOnceWritten { get; init; }

    /// <summary>Called at the start of each run, with its options.</summary>
    public Action<IReadOnlyList<string>>? Started { get; init; }

    /// <summary>The programmers of the runs that wrote.</summary>
    public List<string> Writes { get; } = [];

    public Task<FlashromRun> Run(IReadOnlyList<string> arguments, TimeSpan deadline, CancellationToken stopping)
    {
        Started?.Invoke(arguments);
        stopping.ThrowIfCancellationRequested();
        try
        {
            return Task.FromResult(Run(arguments));
        }
        catch (PowerCutException) when (BoardStaysOn)
        {
            return Task.FromResult(new FlashromRun(new ExitStatus(0, 9), "Erasing and writing flash chip... "));
        }
    }

    private FlashromRun Run(IReadOnlyList<string> arguments)
    {
        var found = $"Found Winbond flash chip \"{ChipName}\" ({chip.Content.Length / 1024} kB, SPI)";
        switch (arguments)
        {
            case ["-V", "-p", _]:
                return Ended(0, $"{found} on linux_spi.\n{found}.\nNo operations were specified.\n");
            case ["-p", _, "-c", ChipName, "-r", var file]:
                if (Unreadable-- > 0 || (UnreadableOnceWritten && Writes.Count > 0)) return Ended(1, "Reading flash... FAILED.\n");
                File.WriteAllBytes(file, chip.Content);
                return Ended(0, "Reading flash... done.\n");
            case ["-p", var programmer, "-c", ChipName, "-w", var file]:
                Writes.Add(programmer);
                if (Lies-- > 0) return Ended(0, "Verifying flash... VERIFIED.\n");
                return Write(File.ReadAllBytes(file));
            default:
                throw new ArgumentException($"flashrom {string.Join(' ', arguments)}");
        }
    }

    /// <summary>Sector by sector, and only where something differs, as flashrom does it.</summary>
    private FlashromRun Write(byte[] image)
    {
        if (image.Length != chip.Content.Length) return Ended(1, "Error: Image size doesn't match the expected size!\n");
        for (var start = 0; start < image.Length; start += NorFlash.SectorSize)
        {
            if (Same(image, start, NorFlash.SectorSize)) continue;
            chip.Erase(start / NorFlash.SectorSize);
            for (var page = start; page < start + NorFlash.SectorSize; page += NorFlash.PageSize)
            {
                if (!Same(image, page, NorFlash.PageSize)) chip.Program(page, image.AsSpan(page, NorFlash.PageSize));
            }
        }

        return Same(image, 0, image.Length) ? Ended(0, "Verifying flash... VERIFIED.\n") : Ended(3, "Verifying flash... FAILED at 0x00000000!\n");
    }

    private bool Same(byte[] image, int start, int length) => image.AsSpan(start, length).SequenceEqual(chip.Content.AsSpan(start, length));

    private static FlashromRun Ended(int status, string text) => new(new ExitStatus(status, 0), text);
}

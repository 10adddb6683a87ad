using WaltVpn.Eeprom;

namespace WaltVpn.Agent.Flash;

/// <summary>What we ask of flashrom: recognise the chip, read all of it, write all of it.</summary>
/// <param name="flashrom">The program.</param>
/// <param name="programmer">The way to the chip.</param>
/// <param name="folder">For the files it reads and writes, which hold the node's credentials: in memory, and its owner's only.</param>
/// <remarks>
/// flashrom erases and programs only the blocks whose content differs, so a new configuration touches its own few sectors and nothing else
/// (docs/security.md NODE-5).
/// </remarks>
internal sealed class FlashromCommands(IFlashrom flashrom, FlashProgrammer programmer, string folder)
{
    public const string DefaultFolder = "/run/walt-vpn/flash";

    // 2 MiB at 8 MHz take 2 s to read; erasing and programming each sector at the worst times of data sheets takes 4 minutes.
    private static readonly TimeSpan ProbeDeadline = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan ReadDeadline = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan WriteDeadline = TimeSpan.FromMinutes(20);

    private string ReadFile => Path.Combine(folder, "read.bin");

    private string WriteFile => Path.Combine(folder, "write.bin");

    /// <summary>The node that the way to the chip needs is there.</summary>
    public bool DeviceExists => programmer.Device is not { } device || File.Exists(device);

    /// <summary>For messages.</summary>
    public string Device => programmer.Device ?? programmer.Fast;

    /// <summary>Recognises the chip.</summary>
    /// <param name="size">Bytes it must have: exactly an image.</param>
    /// <exception cref="FlashException">There is no such chip; nothing was written.</exception>
    public async Task<FlashChip> Probe(int size, CancellationToken stopping)
    {
        string[] which = programmer.Chip is { } name ? ["-c", name] : [];
        var chip = FlashChip.Find(await flashrom.Run(["-V", "-p", programmer.Fast, .. which], ProbeDeadline, stopping));
        return chip.Size == size ? chip : throw new FlashException(
            $"the chip {chip.Name} at {Device} has {chip.Size} bytes, this board's bootloader {size}: it is another chip, nothing was written. "
            + "Is it an accessory's?");
    }

    /// <summary>Reads the whole chip, slowly when it does not work fast.</summary>
    /// <exception cref="FlashException">Neither worked.</exception>
    public async Task<byte[]> Read(FlashChip chip, CancellationToken stopping)
    {
        try
        {
            CreateFolder();
            var reason = "";
            foreach (var speed in (string[])[programmer.Fast, programmer.Slow])
            {
                File.Delete(ReadFile);
                var run = await flashrom.Run(["-p", speed, "-c", chip.Name, "-r", ReadFile], ReadDeadline, stopping);
                reason = run.Reason;
                if (!run.Status.Success || !File.Exists(ReadFile)) continue;
                var bytes = await File.ReadAllBytesAsync(ReadFile, stopping);
                if (bytes.Length == chip.Size) return bytes;
            }

            throw new FlashException($"the bootloader's chip {chip.Name} cannot be read: {reason}.");
        }
        catch (IOException noRoom)
        {
            throw new FlashException($"the bootloader's chip {chip.Name} cannot be read into {ReadFile}: {noRoom.Message}.", noRoom);
        }
        finally
        {
            File.Delete(ReadFile);
        }
    }

    /// <summary>Lays an image ready for <see cref="Write"/>: whatever can fail does so before the chip is touched. Disposing takes it away.</summary>
    /// <exception cref="FlashException">There is no room for it.</exception>
    public IDisposable Stage(EepromImage image)
    {
        try
        {
            CreateFolder();
            File.WriteAllBytes(WriteFile, image.Bytes.Span);
            return new StagedFile(WriteFile);
        }
        catch (IOException full)
        {
            File.Delete(WriteFile);
            throw new FlashException($"the new bootloader image cannot be laid ready in {folder}, nothing was written: {full.Message}.", full);
        }
    }

    /// <summary>Writes what was staged. Nothing stops it but its end or its deadline. What it reports proves nothing: read back.</summary>
    public Task<FlashromRun> Write(FlashChip chip, int attempt) =>
        flashrom.Run(["-p", attempt == 1 ? programmer.Fast : programmer.Slow, "-c", chip.Name, "-w", WriteFile], WriteDeadline, CancellationToken.None);

    private void CreateFolder() => Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    private sealed class StagedFile(string path) : IDisposable
    {
        public void Dispose() => File.Delete(path);
    }
}

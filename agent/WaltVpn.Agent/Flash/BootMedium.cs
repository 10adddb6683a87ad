namespace WaltVpn.Agent.Flash;

/// <summary>The boot partition, where the board's own recovery program finds an update.</summary>
/// <param name="Directory">Where it is mounted, writable.</param>
/// <param name="Device">What is mounted there. The processor's ROM runs recovery.bin from an SD card and from nothing else.</param>
/// <param name="RecoveryProgram">A recovery.bin for the board's processor. Its licence keeps it out of our packages, so it is a file somebody brought.</param>
internal sealed record BootMedium(string Directory, string Device, string RecoveryProgram)
{
    private const string SdCard = "/dev/mmcblk";

    /// <summary>Why an update cannot be staged here; null: it can.</summary>
    public string? Obstacle =>
        !Device.StartsWith(SdCard, StringComparison.Ordinal)
            ? $"the board's ROM takes updates from an SD card ({SdCard}…) only, and the boot partition is {Device}"
        : !System.IO.Directory.Exists(Directory) ? $"the boot partition is not mounted at {Directory}"
        : new FileInfo(RecoveryProgram) is not { Exists: true, Length: > 0 } ? $"there is no {RecoveryProgram} (Raspberry Pi's recovery.bin for this board)"
        : null;
}

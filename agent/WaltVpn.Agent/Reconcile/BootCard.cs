using WaltVpn.Agent.Flash;
using WaltVpn.Agent.Startup;
using WaltVpn.Linux;

namespace WaltVpn.Agent.Reconcile;

/// <summary>The boot partition of the board's card, mounted for a bootloader that the board itself writes at its next start. Disposing unmounts it.</summary>
/// <remarks>
/// In its folder <c>eeprom</c> stands what somebody put there, since its licence keeps it out of our images: <c>recovery.bin</c>, and
/// <c>pieeprom.bin</c>, the bootloader that new images are made of.
/// </remarks>
internal sealed class BootCard : IDisposable
{
    private const string MountPoint = "/run/walt-vpn/boot";
    private const string Folder = "eeprom";

    private BootCard(BootMedium medium, byte[]? firmware) => (Medium, Firmware) = (medium, firmware);

    public BootMedium Medium { get; }

    /// <summary>A bootloader image for this board; null: there is none on the card.</summary>
    public byte[]? Firmware { get; }

    /// <summary>Mounts it.</summary>
    /// <returns>Null: the board has no card of ours.</returns>
    /// <exception cref="ErrnoException">It cannot be mounted.</exception>
    public static BootCard? Mount()
    {
        if (Volume.Find(BootPartition.Label) is not { } device) return null;
        Directory.CreateDirectory(MountPoint);
        Linux.Mount.Attach(device, MountPoint, "vfat", MountFlags.MS_NOSUID | MountFlags.MS_NODEV | MountFlags.MS_NOEXEC);
        var firmware = Path.Combine(MountPoint, Folder, "pieeprom.bin");
        return new BootCard(
            new BootMedium(MountPoint, device, Path.Combine(MountPoint, Folder, "recovery.bin")), File.Exists(firmware) ? File.ReadAllBytes(firmware) : null);
    }

    /// <inheritdoc/>
    public void Dispose() => Linux.Mount.Detach(MountPoint);
}

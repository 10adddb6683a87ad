using System.Globalization;
using WaltVpn.ImageBuilder.HostTools;

namespace WaltVpn.ImageBuilder.SdImage;

/// <summary>Makes the empty ext4 partition of a card, inside the image file.</summary>
internal sealed class StatePartition(HostToolbox tools, string image, DiskLayout layout, ImageIdentity identity)
{
    private const int BlockBytes = 4096;

    /// <summary>The smallest that ext4 takes with this block size is 1024 blocks.</summary>
    private const int JournalMebibytes = 4;

    /// <summary>Formats it: with a journal, since a node loses power at any moment.</summary>
    public Task FormatAsync(CancellationToken cancellation) => tools.RunAsync(
        HostTool.Mke2fs,
        [
            "-q", "-F", "-t", "ext4", "-b", Number(BlockBytes), "-m", "0", "-L", DiskLayout.StateLabel,
            "-J", string.Create(CultureInfo.InvariantCulture, $"size={JournalMebibytes}"),
            // Left out: what kernels before 6.1 cannot mount.
            "-O", "^orphan_file,^metadata_csum_seed",
            "-U", identity.StateVolume.ToString(),
            // Lazy initialisation would write to the card after the first mount.
            "-E", string.Create(CultureInfo.InvariantCulture,
                $"offset={layout.State.Start},hash_seed={identity.StateHashSeed},lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0"),
            image, string.Create(CultureInfo.InvariantCulture, $"{layout.State.Length / 1024}k"),
        ],
        cancellation,
        // The host's own preferences for new file systems would make another image.
        environment: new Dictionary<string, string> { ["MKE2FS_CONFIG"] = "/dev/null" });

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}

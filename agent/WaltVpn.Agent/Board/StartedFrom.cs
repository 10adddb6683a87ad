using System.Buffers.Binary;

namespace WaltVpn.Agent.Board;

/// <summary>Where a Raspberry Pi's firmware has the running system from. The firmware says so in the device tree.</summary>
internal static class StartedFrom
{
    // Digits of BOOT_ORDER.
    private const uint Tftp = 2;
    private const uint Http = 7;

    /// <summary>True when it came over a network; false also when the firmware is too old to say.</summary>
    /// <param name="root"><c>/</c>, or a folder laid out like it.</param>
    public static bool Network(string root)
    {
        var file = Path.Combine(root, "sys/firmware/devicetree/base/chosen/bootloader/boot-mode");
        if (!File.Exists(file) || File.ReadAllBytes(file) is not { Length: sizeof(uint) } mode) return false;
        return BinaryPrimitives.ReadUInt32BigEndian(mode) is Tftp or Http;
    }
}

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>What a Raspberry Pi's firmware leaves in memory of its EEPROM, and where it says so in the device tree.</summary>
/// <param name="Config">bootconf.txt, as the board started with it.</param>
/// <param name="PublicKey">pubkey.bin, as the board started with it.</param>
/// <param name="BootMode">The digit of BOOT_ORDER by which it started: 1 the card, 7 HTTP.</param>
internal sealed record EmulatedEeprom(byte[] Config, byte[] PublicKey, int BootMode)
{
    // In the last MiB of the machine's memory, which starts at 0x40000000 and has 1 GiB.
    private const uint ConfigAddress = 0x7ff00000;
    private const uint KeyAddress = 0x7ff80000;

    /// <summary>Device tree source that is added to the machine's.</summary>
    public string TreeSource => $$"""
        / {
          aliases { blconfig = "/reserved-memory/nvram@{{ConfigAddress:x}}"; blpubkey = "/reserved-memory/nvram@{{KeyAddress:x}}"; };
          system { linux,revision = <0x00d04170>; };
          chosen { bootloader { boot-mode = <{{BootMode}}>; signed = <0>; }; };
          reserved-memory {
            #address-cells = <2>;
            #size-cells = <2>;
            ranges;
            {{Region(ConfigAddress, Config.Length, "raspberrypi,bootloader-config")}}
            {{Region(KeyAddress, PublicKey.Length, "raspberrypi,bootloader-public-key")}}
          };
        };

        """;

    /// <summary>Lays the contents into files, and has QEMU load them.</summary>
    /// <returns>QEMU's options.</returns>
    public async Task<string[]> Load(string folder)
    {
        var (config, key) = (Path.Combine(folder, "bootconf.txt"), Path.Combine(folder, "pubkey.bin"));
        await File.WriteAllBytesAsync(config, Config);
        await File.WriteAllBytesAsync(key, PublicKey);
        return
        [
            "-device", $"loader,file={config},addr=0x{ConfigAddress:x},force-raw=on", "-device", $"loader,file={key},addr=0x{KeyAddress:x},force-raw=on",
        ];
    }

    // Whole pages: Linux takes the rest of one for its own, which no-map has taken out of its map, and panics. Zeros follow the content.
    private static string Region(uint address, int length, string compatible) =>
        $"nvram@{address:x} {{ compatible = \"{compatible}\", \"nvmem-rmem\"; reg = <0 0x{address:x} 0 {(length + 4095) / 4096 * 4096}>; no-map; "
        + "#address-cells = <1>; #size-cells = <1>; };";
}

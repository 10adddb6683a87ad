using System.Text;
using WaltVpn.Eeprom;
using WaltVpn.Eeprom.Tests;

namespace WaltVpn.Agent.Tests.Unit.Flash;

/// <summary>Images as they stand in boards: synthetic bootloaders with a configuration and a time.</summary>
internal static class BoardImages
{
    public static readonly DateTimeOffset Earlier = new(2026, 10, 1, 0, 0, 0, TimeSpan.Zero);
    public static readonly DateTimeOffset Later = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>A Raspberry Pi 5's, 2 MiB.</summary>
    public static byte[] Pi5(string entrypoint, DateTimeOffset time) => Of(SyntheticImage.Pi5TwoPartitions, entrypoint, time);

    /// <summary>A Raspberry Pi 4's, 512 KiB.</summary>
    public static byte[] Pi4(string entrypoint, DateTimeOffset time) => Of(SyntheticImage.Pi4, entrypoint, time);

    /// <summary>A Raspberry Pi 4's of another release: nearly every sector differs.</summary>
    public static byte[] OtherPi4(DateTimeOffset time) => Of(SyntheticImage.Pi4Full, "vpn.example.org", time);

    private static byte[] Of(string name, string entrypoint, DateTimeOffset time) => EepromImage.Parse(SyntheticImage.Create(name))
        .With(EepromFiles.BootConfig, Encoding.ASCII.GetBytes($"[all]\nBOOT_UART=1\nWALT_VPN_ENTRYPOINT={entrypoint}\n"))
        .WithTimestamp(time).Bytes.ToArray();
}

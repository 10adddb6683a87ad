using System.Security.Cryptography;

namespace WaltVpn.Eeprom.Tests;

/// <summary>The images the rules are proved on: always the synthetic ones, and the vendor's where somebody has them. Their licence does not let
/// this project pass on edited ones, so they are named from outside: <c>WALTVPN_FIRMWARE=/folder/with/2711/and/2712 scripts/test unit</c>.</summary>
internal static class TestImages
{
    /// <summary>The folder; null where there is none. Below it stand <c>2711/pieeprom-*.bin</c> and <c>2712/pieeprom-*.bin</c>.</summary>
    private static readonly string? _folder = Environment.GetEnvironmentVariable("WALTVPN_FIRMWARE") is { Length: > 0 } folder ? folder : null;

    /// <summary>Names of the vendor's images, like <c>2712/pieeprom-2026-05-26.bin</c>; none where there is no folder.</summary>
    public static IReadOnlyList<string> Firmware { get; } = _folder is null
        ? []
        : [.. Directory.GetFiles(_folder, "pieeprom-*.bin", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(_folder, path)).Order()];

    /// <summary>Names of all images.</summary>
    public static TheoryData<string> All => [.. SyntheticImage.Names, .. Firmware];

    /// <summary>A new copy of the bytes of one.</summary>
    public static byte[] Load(string name) => Firmware.Contains(name) ? File.ReadAllBytes(Path.Combine(_folder!, name)) : SyntheticImage.Create(name);

    public static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}

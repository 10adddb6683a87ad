using System.Text.Json.Serialization;

namespace WaltVpn.Protocol;

/// <summary>What a board may boot (docs/security.md BOOT-6).</summary>
[JsonConverter(typeof(EnumAsWord<BootMode>))]
public enum BootMode
{
    /// <summary>The signed boot files of the platform, nothing else.</summary>
    Enforced,

    /// <summary>Those first, then TFTP, then the SD card.</summary>
    Permissive,
}

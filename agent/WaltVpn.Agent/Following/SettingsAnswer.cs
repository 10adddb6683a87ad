using System.Security.Cryptography;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Following;

/// <summary>What a server told a node that asked for its settings.</summary>
/// <param name="Way">Through which it came.</param>
/// <param name="Document">Read and checked; whether it is to be taken, <see cref="SettingsTrust"/> says.</param>
/// <param name="Line">Its bytes, without line feed.</param>
internal sealed record SettingsAnswer(WayIn Way, SettingsDocument Document, ReadOnlyMemory<byte> Line)
{
    /// <summary>SHA-256 of the line, hexadecimal.</summary>
    public string Digest => Convert.ToHexStringLower(SHA256.HashData(Line.Span));
}

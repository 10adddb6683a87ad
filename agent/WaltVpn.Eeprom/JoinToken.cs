using System.IO.Compression;
using System.Text.Json;
using WaltVpn.Protocol;

namespace WaltVpn.Eeprom;

/// <summary>
/// First settings of a board in its EEPROM: what a card has in <c>walt-vpn.json</c>, the enrolment key included, for a board that starts over the network
/// and is no node yet.
/// </summary>
/// <remarks>One line: base64 of a gzip of the JSON of <see cref="NodeSettings"/>. WalT's nodes do not know the variable.</remarks>
public static class JoinToken
{
    /// <summary>The variable. Its name has a word that marks a secret, so no tool of ours prints its value.</summary>
    public const string Name = "WALTVPN_JOIN_TOKEN";

    /// <summary>Bytes of the JSON at most; more would not fit into a configuration anyway.</summary>
    private const int Largest = 64 * 1024;

    /// <summary>The value; the same settings give the same.</summary>
    public static string Pack(NodeSettings settings)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
            JsonSerializer.Serialize(gzip, settings, ProtocolJson.Default.NodeSettings);
        return Convert.ToBase64String(packed.GetBuffer().AsSpan(0, (int)packed.Length));
    }

    /// <summary>The JSON in a value; whether it is right is for the reader of settings to say.</summary>
    /// <exception cref="EepromException">It is damaged.</exception>
    public static byte[] Unpack(string value)
    {
        var packed = new byte[value.Length];
        if (!Convert.TryFromBase64String(value, packed, out var length)) throw Damaged("it is not base64", null);
        try
        {
            using var gzip = new GZipStream(new MemoryStream(packed, 0, length), CompressionMode.Decompress);
            var plain = new byte[Largest + 1];
            var got = gzip.ReadAtLeast(plain, plain.Length, throwOnEndOfStream: false);
            return got <= Largest ? plain[..got] : throw Damaged($"it unfolds to more than {Largest} bytes", null);
        }
        catch (InvalidDataException error)
        {
            throw Damaged("it is nothing that gzip made", error);
        }
    }

    private static EepromException Damaged(string reason, Exception? cause) =>
        new(EepromFault.BadCredentials, $"{Name} is damaged: {reason}; write it again with a recovery card (waltvpn-image recovery --settings)", cause!);
}

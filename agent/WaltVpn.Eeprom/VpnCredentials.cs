using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using WaltVpn.Protocol;

namespace WaltVpn.Eeprom;

/// <summary>What a node proves itself with, and knows its platform by: three files of OpenSSH.</summary>
/// <remarks>
/// In the configuration: base64, without line breaks, of a gzip of a tar of <c>id_walt_vpn</c>, <c>id_walt_vpn-cert.pub</c>, <c>known_hosts</c> and,
/// unless WalT packed it, <c>waltvpn</c> (<see cref="CredentialsMark"/>).
/// They have to fit into some 3,500 characters beside the other variables: Ed25519 for node, certificate authority and host keys takes half of
/// what RSA does (docs/eeprom.md).
/// </remarks>
public sealed record VpnCredentials
{
    private const string KeyName = "id_walt_vpn";
    private const string CertificateName = "id_walt_vpn-cert.pub";
    private const string KnownHostsName = "known_hosts";

    /// <summary>More than any three files that fit into a configuration; an archive that unfolds further is not ours.</summary>
    private const int LargestArchive = 64 * 1024;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Readable = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>The node's private key, as ssh-keygen writes it.</summary>
    public required Secret PrivateKey { get; init; }

    /// <summary>Its certificate, one line.</summary>
    public required string Certificate { get; init; }

    /// <summary>Host keys of the SSH entrypoint and of the server.</summary>
    public required string KnownHosts { get; init; }

    /// <summary>Which settings these are of.</summary>
    public CredentialsMark Mark { get; init; } = CredentialsMark.None;

    /// <summary>The first word of the certificate: <c>ssh-ed25519-cert-v01@openssh.com</c> for keys that our nodes make.</summary>
    public string CertificateType => Certificate.Split(' ')[0];

    /// <summary>The value of <c>WALT_VPN_CREDS</c>. The same files give the same value.</summary>
    /// <exception cref="EepromException">A file is empty or no ASCII text.</exception>
    public string Pack()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        using (var tar = new TarWriter(gzip, TarEntryFormat.Ustar))
        {
            // ssh-add takes no key that others may read, and WalT's nodes keep the modes of the archive.
            Add(tar, KeyName, PrivateKey.Reveal(), OwnerOnly);
            Add(tar, CertificateName, Certificate, Readable);
            Add(tar, KnownHostsName, KnownHosts, OwnerOnly);
            Add(tar, CredentialsMark.FileName, Mark.Write(PrivateKey.Reveal(), Certificate, KnownHosts), OwnerOnly);
        }

        return Convert.ToBase64String(packed.GetBuffer().AsSpan(0, (int)packed.Length));
    }

    /// <summary>Reads a value of <c>WALT_VPN_CREDS</c>, ours or WalT's.</summary>
    /// <exception cref="EepromException">It is damaged, or holds anything but the three files and their mark.</exception>
    public static VpnCredentials Unpack(string value)
    {
        var packed = new byte[value.Length];
        if (!Convert.TryFromBase64String(value, packed, out var length)) throw Damaged("it is not base64");
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            using var archive = new MemoryStream(Unfold(packed.AsSpan(0, length)));
            using var tar = new TarReader(archive);
            while (tar.GetNextEntry() is { } entry) Read(entry, files);
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException or FormatException or ArgumentException or NotSupportedException
            or OverflowException)
        {
            throw Damaged("it is no archive that gzip and tar made", error);
        }

        var (key, certificate, knownHosts) = (Take(KeyName), Take(CertificateName), Take(KnownHostsName));
        return new VpnCredentials { PrivateKey = new Secret(key), Certificate = certificate, KnownHosts = knownHosts, Mark = ReadMark() };

        CredentialsMark ReadMark()
        {
            try
            {
                return files.TryGetValue(CredentialsMark.FileName, out var text)
                    ? CredentialsMark.Read(text, key, certificate, knownHosts)
                    : CredentialsMark.None;
            }
            catch (FormatException mistake)
            {
                throw Damaged(mistake.Message, mistake);
            }
        }

        string Take(string name) => files.TryGetValue(name, out var text) ? text : throw Damaged($"it has no file {name}");
    }

    private static void Add(TarWriter tar, string name, string text, UnixFileMode mode)
    {
        if (!IsText(text))
        {
            throw new EepromException(EepromFault.BadCredentials, $"{name} is empty or no ASCII text; take the file that ssh-keygen or ssh-keyscan wrote");
        }

        using var data = new MemoryStream(Encoding.ASCII.GetBytes(text));
        tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { Mode = mode, ModificationTime = DateTimeOffset.UnixEpoch, DataStream = data });
    }

    private static byte[] Unfold(ReadOnlySpan<byte> packed)
    {
        using var gzip = new GZipStream(new MemoryStream(packed.ToArray()), CompressionMode.Decompress);
        var plain = new byte[LargestArchive + 1];
        var length = gzip.ReadAtLeast(plain, plain.Length, throwOnEndOfStream: false);
        return length <= LargestArchive ? plain[..length] : throw Damaged($"it unfolds to more than {LargestArchive} bytes");
    }

    /// <summary>Each of the names once, as an ordinary file; nothing is ever written to a disk by its name.</summary>
    private static void Read(TarEntry entry, Dictionary<string, string> files)
    {
        if (entry.Name is not (KeyName or CertificateName or KnownHostsName or CredentialsMark.FileName)
            || entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
        {
            throw Damaged($"it holds something else than the files {KeyName}, {CertificateName}, {KnownHostsName} and {CredentialsMark.FileName}");
        }

        // The length is what the archive claims; there are no more bytes than this.
        if (entry.Length > LargestArchive) throw Damaged($"{entry.Name} ends before its length");
        var content = new byte[entry.Length];
        entry.DataStream?.ReadExactly(content);
        var text = Encoding.Latin1.GetString(content);
        if (!IsText(text)) throw Damaged($"{entry.Name} is empty or no ASCII text");
        if (!files.TryAdd(entry.Name, text)) throw Damaged($"it has {entry.Name} twice");
    }

    private static bool IsText(string text) => text.Length > 0 && text.All(c => c is >= ' ' and <= '~' or '\n' or '\r' or '\t');

    private static EepromException Damaged(string reason, Exception? cause = null) =>
        new(EepromFault.BadCredentials, $"{VpnVariables.CredentialsName} is damaged: {reason}; the node has to be enrolled again", cause!);
}

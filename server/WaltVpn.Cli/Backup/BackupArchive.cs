using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text.Json;

namespace WaltVpn.Cli.Backup;

/// <summary>The clear text of a backup: a tar archive (ustar) of regular files, the manifest first, the others in its order. It is never unpacked by name.</summary>
internal static class BackupArchive
{
    /// <summary>Bytes: of a manifest with a hundred thousand files.</summary>
    private const int MaxManifest = 16 << 20;

    private static readonly Version Own = typeof(BackupArchive).Assembly.GetName().Version!;

    /// <summary>This program's version, as a manifest has it.</summary>
    public static string OwnVersion => Own.ToString(3);

    /// <summary>Writes an archive.</summary>
    /// <param name="archive">Where to.</param>
    /// <param name="manifest">Its first member.</param>
    /// <param name="contents">Of each of its files, in its order, from their beginning; they can be rewound.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task Write(Stream archive, BackupManifest manifest, IReadOnlyList<Stream> contents, CancellationToken cancel)
    {
        await using var tar = new TarWriter(archive, TarEntryFormat.Ustar, leaveOpen: true);
        using var head = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(manifest, BackupJson.Default.BackupManifest));
        await tar.WriteEntryAsync(Member(BackupNames.Manifest, head, manifest), cancel);
        foreach (var (file, content) in manifest.Files.Zip(contents)) await tar.WriteEntryAsync(Member(file.Name, content, manifest), cancel);
    }

    /// <summary>Reads an archive to its end, and compares every byte with what the manifest says of it.</summary>
    /// <param name="archive">From its beginning.</param>
    /// <param name="take">Where a file of the manifest is to go; disposed.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="CliException">Something is missing, too much, of another kind, size, hash or name, or from a newer WaltVpn.</exception>
    /// <exception cref="IOException">What was read cannot be put where <paramref name="take"/> says.</exception>
    public static async Task<BackupManifest> Read(Stream archive, Func<BackupFile, Stream> take, CancellationToken cancel)
    {
        try
        {
            await using var tar = new TarReader(archive, leaveOpen: true);
            var manifest = await ReadManifest(await Next(tar, BackupNames.Manifest, cancel), cancel);
            foreach (var file in manifest.Files) await ReadFile(await Next(tar, file.Name, cancel), file, take, cancel);
            if (await tar.GetNextEntryAsync(copyData: false, cancel) is { } more) throw Wrong($"has {TerminalText.Plain(more.Name)}, of which its manifest does not know");
            await ReadEnd(archive, cancel);
            return manifest;
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException or ArgumentException)
        {
            throw Wrong($"is no archive that can be read ({TerminalText.Plain(e.Message)})");
        }
    }

    private static UstarTarEntry Member(string name, Stream content, BackupManifest manifest) => new(TarEntryType.RegularFile, name)
    {
        DataStream = content,
        Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        ModificationTime = manifest.MadeAt,
    };

    private static async Task<TarEntry> Next(TarReader tar, string name, CancellationToken cancel)
    {
        var entry = await tar.GetNextEntryAsync(copyData: false, cancel) ?? throw Wrong($"lacks {name}");
        if (entry.Format != TarEntryFormat.Ustar || entry.EntryType != TarEntryType.RegularFile || entry.Name != name)
            throw Wrong($"has {TerminalText.Plain(entry.Name)} ({entry.EntryType}) where {name} is expected");
        return entry;
    }

    private static async Task<BackupManifest> ReadManifest(TarEntry entry, CancellationToken cancel)
    {
        if (entry.Length is 0 or > MaxManifest) throw Wrong($"has a manifest of {entry.Length} bytes");
        var text = new byte[entry.Length];
        await entry.DataStream!.ReadExactlyAsync(text, cancel);
        try
        {
            CheckFormat(text);
            var manifest = JsonSerializer.Deserialize(text, BackupJson.Default.BackupManifest) ?? throw new JsonException("it is null");
            Check(manifest);
            return manifest;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Wrong($"has a manifest that cannot be read ({TerminalText.Plain(e.Message)})");
        }
    }

    /// <summary>First, and by itself: a later format may have other members.</summary>
    private static void CheckFormat(byte[] text)
    {
        using var json = JsonDocument.Parse(text);
        if (json.RootElement.TryGetProperty("format", out var format) && format.TryGetInt64(out var number) && number > BackupManifest.NewestFormat)
            throw Newer($"has format {number}, this waltvpn knows {BackupManifest.NewestFormat}");
    }

    private static void Check(BackupManifest manifest)
    {
        if (!Version.TryParse(manifest.Version, out var version) || manifest.Format < 1) throw Wrong("does not say which WaltVpn made it");
        if (version > new Version(Own.ToString(3))) throw Newer($"was made by WaltVpn {version}, this is {OwnVersion}");
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in manifest.Files)
        {
            if (file is null || BackupNames.MaxSize(file.Name) is not { } most) throw Wrong($"has a file {TerminalText.Plain(file?.Name)}, which belongs to no WaltVpn server");
            if (!names.Add(file.Name)) throw Wrong($"has {file.Name} twice");
            if (file.Size < 0 || file.Size > most) throw Wrong($"has {file.Name} of {file.Size} bytes; at most {most} can be right");
        }
    }

    private static async Task ReadFile(TarEntry entry, BackupFile file, Func<BackupFile, Stream> take, CancellationToken cancel)
    {
        if (entry.Length != file.Size) throw Wrong($"has {file.Name} of {entry.Length} bytes, not of {file.Size}");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var target = take(file);
        var buffer = new byte[1 << 16];
        for (var left = file.Size; left > 0;)
        {
            var count = await entry.DataStream!.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)), cancel);
            if (count == 0) throw Wrong($"ends inside {file.Name}");
            hash.AppendData(buffer, 0, count);
            await target.WriteAsync(buffer.AsMemory(0, count), cancel);
            left -= count;
        }

        if (Convert.ToHexStringLower(hash.GetHashAndReset()) != file.Sha256) throw Wrong($"has another {file.Name} than its manifest says (SHA-256)");
    }

    /// <summary>Behind the last member stand zeros only.</summary>
    private static async Task ReadEnd(Stream archive, CancellationToken cancel)
    {
        var buffer = new byte[1 << 16];
        while (await archive.ReadAsync(buffer, cancel) is > 0 and var count)
        {
            if (buffer.AsSpan(0, count).ContainsAnyExcept((byte)0)) throw Wrong("goes on behind its end");
        }
    }

    private static CliException Wrong(string what) => new(ExitCode.Refused, $"the backup {what}. Nothing was changed on this machine");

    private static CliException Newer(string what) => new(ExitCode.Refused, $"the backup {what}: install the newer version here first. Nothing was changed on this machine");
}

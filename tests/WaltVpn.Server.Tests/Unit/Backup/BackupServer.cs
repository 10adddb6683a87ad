using System.Formats.Tar;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using WaltVpn.Cli.Backup;
using WaltVpn.Protocol;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;

namespace WaltVpn.Server.Tests.Unit.Backup;

/// <summary>A platform with its settings in a file, and a machine's folders to restore it into; the same paths, one after the other.</summary>
internal sealed class BackupServer : IAsyncDisposable
{
    public const string Passphrase = "six words that nobody would guess";

    private BackupServer(TestPlatform platform) => Platform = platform;

    public TestPlatform Platform { get; }

    public BootKey Key { get; } = new();

    public string Folder => Platform.Folder;

    public string Config => Path.Combine(Folder, "etc/server.yaml");

    public string HubState => Path.Combine(Folder, "hub");

    public string HubSocket => Path.Combine(Folder, "real-hub.sock");

    public string PassphraseFile => Path.Combine(Folder, "passphrase");

    public string File => Path.Combine(Folder, "out/one.backup");

    public static Secret Secret => new(Passphrase);

    /// <summary>Starts a platform whose boards join by themselves.</summary>
    public static async Task<BackupServer> Start()
    {
        var platform = await TestPlatform.Start(settings => settings with
        {
            LanPolicy = EnrollmentPolicy.Auto,
            Http = new IPEndPoint(IPAddress.Loopback, HttpCaller.FreePort()),
            BootPublicKeyFile = Path.GetFullPath(Path.Combine(settings.StateDirectory, "../etc/public.pem")),
        });
        var server = new BackupServer(platform);
        foreach (var folder in (string[])["etc", "out", "hub/addresses", "host"]) Directory.CreateDirectory(Path.Combine(platform.Folder, folder));
        await Shell.Run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", Path.Combine(platform.Folder, "host/key")]);
        await System.IO.File.WriteAllTextAsync(
            server.Config,
            $"""
            # ours
            platform: test
            serverName: srv.example.org
            stateDirectory: {platform.Settings.StateDirectory}
            hostKeyFiles: [{platform.Folder}/host/key.pub]
            caPublicKey: {platform.Settings.CaPublicKeyFile}
            bootPublicKey: {platform.Folder}/etc/public.pem

            """);
        await System.IO.File.WriteAllTextAsync(Path.Combine(platform.Folder, "hub/addresses/02-00-00-00-00-01"), "10.9.0.9 10.9.0.1 2026-11-22T00:00:00Z 3600\n");
        // The hub listens nowhere; its socket is named so that a test can.
        await System.IO.File.AppendAllTextAsync(server.Config, $"hubControlSocket: {server.HubSocket}\n");
        server.Key.Install(platform);
        await WritePassphrase(server.PassphraseFile, Passphrase);
        return server;
    }

    public static async Task WritePassphrase(string file, string passphrase)
    {
        await System.IO.File.WriteAllTextAsync(file, passphrase + "\n");
        System.IO.File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    public Task<(int Status, string Output)> Create(params string[] more) =>
        Backup(["create", File, "--passphrase-file", PassphraseFile, "--config", Config, "--hub-state", HubState, .. more]);

    public Task<(int Status, string Output)> Restore(string file, params string[] more) =>
        Backup(["restore", file, "--passphrase-file", PassphraseFile, "--config", Config, "--hub-state", HubState, .. more]);

    /// <summary>By an operator whose umask keeps everything from others.</summary>
    public static Task<(int Status, string Output)> Backup(params string[] arguments) =>
        Shell.Try("sh", ["-c", "umask 077; exec \"$@\"", "sh", "dotnet", Path.Combine(AppContext.BaseDirectory, "waltvpn.dll"), "backup", .. arguments]);

    /// <summary>The machine burns; another one is installed, whose services never ran.</summary>
    public void Burn()
    {
        // The daemon was in this process, and its connections are kept for the next one: to a file that is gone.
        SqliteConnection.ClearAllPools();
        foreach (var folder in (string[])["etc", "hub", "host", "state"])
        {
            Directory.Delete(Path.Combine(Folder, folder), recursive: true);
            Directory.CreateDirectory(Path.Combine(Folder, folder));
        }

        // The agent has it in memory.
        foreach (var key in (string[])[Platform.Ca.KeyFile, Platform.Ca.PublicKeyFile]) System.IO.File.Delete(key);
    }

    /// <summary>Every file of the machine, with its content and mode.</summary>
    public IReadOnlyDictionary<string, string> Files(params string[] folders) => folders
        .SelectMany(folder => Directory.GetFiles(Path.Combine(Folder, folder), "*", SearchOption.AllDirectories))
        .Where(file => !file.EndsWith(".sock", StringComparison.Ordinal))
        .ToDictionary(file => file, file => $"{System.IO.File.GetUnixFileMode(file)} {Convert.ToHexString(SHA256.HashData(System.IO.File.ReadAllBytes(file)))}");

    /// <summary>The members of the backup.</summary>
    public async Task<List<(string Name, byte[] Content)>> Members(CancellationToken cancel)
    {
        await using var file = System.IO.File.OpenRead(File);
        return await BackupSeal.Open(
            Secret,
            file,
            async archive =>
            {
                var members = new List<(string, byte[])>();
                await using var tar = new TarReader(archive, leaveOpen: true);
                while (await tar.GetNextEntryAsync(copyData: true, cancel) is { } entry)
                {
                    using var content = new MemoryStream();
                    if (entry.DataStream is { } data) await data.CopyToAsync(content, cancel);
                    members.Add((entry.Name, content.ToArray()));
                }

                return members;
            },
            cancel);
    }

    /// <summary>Writes an archive of one's own, encrypted as a backup is.</summary>
    public async Task<string> Seal(byte[] archive, CancellationToken cancel)
    {
        var path = Path.Combine(Folder, "out/hostile.backup");
        await using var file = System.IO.File.Create(path);
        await BackupSeal.Seal(Secret, stream => stream.WriteAsync(archive, cancel).AsTask(), file, cancel);
        return path;
    }

    public static BackupManifest Manifest(List<(string Name, byte[] Content)> members) => JsonSerializer.Deserialize(members[0].Content, BackupJson.Default.BackupManifest)!;

    /// <summary>The files with a manifest that fits them.</summary>
    public static List<(string Name, byte[] Content)> Described(BackupManifest manifest, IEnumerable<(string Name, byte[] Content)> files)
    {
        var list = files.ToList();
        var described = manifest with
        {
            Files = [.. list.Select(file => new BackupFile { Name = file.Name, Size = file.Content.Length, Sha256 = Convert.ToHexStringLower(SHA256.HashData(file.Content)) })],
        };
        return [(BackupNames.Manifest, JsonSerializer.SerializeToUtf8Bytes(described, BackupJson.Default.BackupManifest)), .. list];
    }

    /// <summary>An archive as it is asked for, whatever it is.</summary>
    /// <param name="members">In order.</param>
    /// <param name="kind">Of the member of a name; null: a regular file of ustar.</param>
    public static byte[] Tar(IEnumerable<(string Name, byte[] Content)> members, Func<string, TarEntry?>? kind = null)
    {
        using var archive = new MemoryStream();
        using (var tar = new TarWriter(archive, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var (name, content) in members)
            {
                var entry = kind?.Invoke(name) ?? new UstarTarEntry(TarEntryType.RegularFile, name);
                if (entry.EntryType == TarEntryType.RegularFile) entry.DataStream = new MemoryStream(content);
                tar.WriteEntry(entry);
            }
        }

        return archive.ToArray();
    }

    public async ValueTask DisposeAsync()
    {
        Key.Dispose();
        await Platform.DisposeAsync();
    }
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using WaltVpn.Cli.Config;
using WaltVpn.Protocol;

namespace WaltVpn.Cli.Backup;

/// <summary>Makes a backup beside a daemon that goes on: one state of the database, and the files around it.</summary>
/// <param name="settingsFile">server.yaml.</param>
/// <param name="hubState">The hub's state directory.</param>
internal sealed class BackupCreation(string settingsFile, string hubState)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Bytes. Larger files are not changed in place (boot images) or nobody else's (the copy of the database).</summary>
    private const long InMemory = 1 << 20;

    /// <summary>Makes it under another name first: a file of its name is whole, private, and on the disk.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="replace">Takes the place of an existing file.</param>
    /// <param name="passphrase">Opens it.</param>
    /// <param name="cancel">Ends it; nothing is left then.</param>
    /// <exception cref="CliException">It cannot be made.</exception>
    public async Task<BackupReport> Write(string path, bool replace, Secret passphrase, CancellationToken cancel)
    {
        var settings = await SettingsJudge.Settings(settingsFile);
        var places = new BackupPlaces(settings, settingsFile, hubState);
        var missing = places.Needed.FirstOrDefault(place => !File.Exists(place.Path));
        if (missing is not null)
            throw new CliException(ExitCode.Failed, $"there is no {TerminalText.Plain(missing.Path)} that this user can see, and no node would come back without it. With sudo? Has waltvpnd run here?");
        var copy = Path.Combine(places.StateDirectory, $"backup.{Path.GetRandomFileName()}.db");
        var partial = $"{path}.{Path.GetRandomFileName()}.partial";
        var contents = new List<Stream>();
        try
        {
            var schema = await CopyDatabase(places, copy, cancel);
            var manifest = await Collect(places, Named(settings), copy, schema, contents, cancel);
            // Nobody finds it from here on, and it goes with this process.
            File.Delete(copy);
            await using (var file = new FileStream(partial, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
            {
                await BackupSeal.Seal(passphrase, stream => BackupArchive.Write(stream, manifest, contents, cancel), file, cancel);
                file.Flush(flushToDisk: true);
            }

            File.Move(partial, path, replace);
            await SystemProgram.Sync(Path.GetDirectoryName(Path.GetFullPath(path))!, cancel);
            return new BackupReport { File = path, Manifest = manifest, Notes = [.. places.MissingKeys.Select(place => $"without {place.Path}, which is not on this machine")] };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Failed, $"no backup was made: {e.Message}");
        }
        finally
        {
            foreach (var content in contents) await content.DisposeAsync();
            File.Delete(partial);
            File.Delete(copy);
        }
    }

    /// <summary>As the user whose database it is: a file that root made beside it (its log) would lock the daemon out.</summary>
    private async Task<long> CopyDatabase(BackupPlaces places, string copy, CancellationToken cancel)
    {
        string[] command = [SystemProgram.Daemon, "--config", Path.GetFullPath(settingsFile), "--copy-database", copy];
        var owner = (await SystemProgram.Run("stat", ["--format=%u:%g", places.Database], cancel)).Split(':');
        var isOwner = owner[0] == await SystemProgram.Run("id", ["--user"], cancel);
        var printed = isOwner
            ? await SystemProgram.Run(command[0], command[1..], cancel)
            : await SystemProgram.Run("setpriv", [$"--reuid={owner[0]}", $"--regid={owner[1]}", "--clear-groups", "--no-new-privs", "--", .. command], cancel);
        return long.Parse(printed, CultureInfo.InvariantCulture);
    }

    /// <summary>server.yaml, with the names that follow from this machine's where it does not give them: on another machine they would be others.</summary>
    private byte[] Named(IReadOnlyList<SettingView> settings)
    {
        var text = SettingsDraft.Read(settingsFile);
        foreach (var name in settings.Where(setting => setting is { Key: "serverName" or "platform", Line: null })) text = SettingsText.Set(text, name.Key, name.Values, isList: false);
        return Encoding.UTF8.GetBytes(text);
    }

    private static async Task<BackupManifest> Collect(
        BackupPlaces places, byte[] settings, string copy, long schema, List<Stream> contents, CancellationToken cancel)
    {
        var files = new List<BackupFile>();
        foreach (var place in places.Existing())
        {
            var found = place.Name == BackupNames.Settings
                ? new MemoryStream(settings)
                : await Content(place.Name == BackupNames.Database ? copy : place.Path, place, cancel);
            if (found is not { } content) continue;
            contents.Add(content);
            var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancel));
            content.Position = 0;
            if (content.Length > BackupNames.MaxSize(place.Name)) throw new CliException(ExitCode.Failed, $"{TerminalText.Plain(place.Path)} has {content.Length} bytes, which cannot be right");
            files.Add(new BackupFile { Name = place.Name, Size = content.Length, Sha256 = hash });
        }

        return new BackupManifest
        {
            Format = BackupManifest.NewestFormat,
            Version = BackupArchive.OwnVersion,
            Platform = places.Platform,
            ServerName = places.ServerName,
            MadeAt = DateTimeOffset.UtcNow,
            Schema = schema,
            Files = files,
        };
    }

    /// <summary>A file as it is now; null: a lease or an image that is gone since it was listed.</summary>
    private static async Task<Stream?> Content(string path, BackupPlace place, CancellationToken cancel)
    {
        try
        {
            var file = File.OpenRead(path);
            if (file.Length > InMemory || place.Name == BackupNames.Database) return file;
            await using (file)
            {
                var content = new MemoryStream();
                await file.CopyToAsync(content, cancel);
                content.Position = 0;
                return content;
            }
        }
        catch (FileNotFoundException) when (BackupNames.Rest(place.Name, BackupNames.Addresses) is not null || BackupNames.Rest(place.Name, BackupNames.BootImages) is not null)
        {
            return null;
        }
    }
}

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

    private readonly Dictionary<string, string> _realFolders = new(StringComparer.Ordinal);

    /// <summary>Leases and images that are links or pipes.</summary>
    private readonly List<string> _passedOver = [];

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
        // In the folder that the daemon clears when it starts: whatever ends this program, no copy stays.
        var work = Path.Combine(places.StateDirectory, "work");
        var copy = Path.Combine(Directory.Exists(work) ? work : places.StateDirectory, $"backup.{Path.GetRandomFileName()}.db");
        var partial = $"{path}.{Path.GetRandomFileName()}.partial";
        var contents = new List<Stream>();
        try
        {
            var copied = await CopyDatabase(places, copy, cancel);
            var manifest = await Collect(places, Named(settings), copy, long.Parse(copied[0], CultureInfo.InvariantCulture), contents, cancel);
            // Nobody finds it from here on, and it goes with this process.
            File.Delete(copy);
            await using (var file = new FileStream(partial, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
            {
                await BackupSeal.Seal(passphrase, stream => BackupArchive.Write(stream, manifest, contents, cancel), file, cancel);
                file.Flush(flushToDisk: true);
            }

            File.Move(partial, path, replace);
            await SystemProgram.Sync(Path.GetDirectoryName(Path.GetFullPath(path))!, cancel);
            return new BackupReport { File = path, Manifest = manifest, Notes = [.. Notes(places, manifest, copied[1..])] };
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
    /// <returns>Its schema, and the SHA-256 of each boot image it knows.</returns>
    private async Task<string[]> CopyDatabase(BackupPlaces places, string copy, CancellationToken cancel)
    {
        string[] command = [SystemProgram.Daemon, "--config", Path.GetFullPath(settingsFile), "--copy-database", copy];
        return (await SystemProgram.RunAsOwner(places.Database, command, cancel)).Split('\n');
    }

    private IEnumerable<string> Notes(BackupPlaces places, BackupManifest manifest, IReadOnlyList<string> images)
    {
        foreach (var place in places.MissingKeys) yield return $"without {place.Path}, which is not on this machine";
        foreach (var path in _passedOver) yield return $"without {path}, which is a link or no regular file";
        var names = manifest.Files.Select(file => file.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var image in images.Where(image => !names.Contains(BackupNames.BootImages + image + BackupNames.Image)))
            yield return $"without the boot image {image}, which is published and whose file is not there; to have it again: waltvpn boot publish";
    }

    /// <summary>server.yaml, with the names that follow from this machine's where it does not give them: on another machine they would be others.</summary>
    private byte[] Named(IReadOnlyList<SettingView> settings)
    {
        var text = SettingsDraft.Read(settingsFile);
        foreach (var name in settings.Where(setting => setting is { Key: "serverName" or "platform", Line: null })) text = SettingsText.Set(text, name.Key, name.Values, isList: false);
        return Encoding.UTF8.GetBytes(text);
    }

    private async Task<BackupManifest> Collect(
        BackupPlaces places, byte[] settings, string copy, long schema, List<Stream> contents, CancellationToken cancel)
    {
        var files = new List<BackupFile>();
        var existing = places.Existing();
        var regular = await ServiceFile.Regular(existing.Select(place => BackupNames.MayGo(place.Name) ? Path.GetDirectoryName(place.Path)! : place.Path).Append(copy).Distinct(), cancel);
        foreach (var place in existing.Select(place => place.Name == BackupNames.Database ? place with { Path = copy } : place))
        {
            var found = place.Name == BackupNames.Settings ? new MemoryStream(settings) : await Content(place, regular.Contains(place.Path), cancel);
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

    /// <summary>A file as it is now; null: a lease or an image that is gone since it was listed, or is none.</summary>
    private async Task<Stream?> Content(BackupPlace place, bool isRegular, CancellationToken cancel)
    {
        try
        {
            if (!isRegular) throw ServiceFile.NotRegular(place.Path);
            var file = await ServiceFile.OpenRead(place.Path, await RealPath(place, cancel), cancel);
            if (file.Length > InMemory || place.Name == BackupNames.Database) return file;
            await using (file)
            {
                var content = new MemoryStream();
                await file.CopyToAsync(content, cancel);
                content.Position = 0;
                return content;
            }
        }
        catch (IOException) when (BackupNames.MayGo(place.Name))
        {
            if (Path.Exists(place.Path)) _passedOver.Add(place.Path);
            return null;
        }
    }

    /// <summary>Once for each folder: there may be many leases.</summary>
    private async Task<string> RealPath(BackupPlace place, CancellationToken cancel)
    {
        var folder = Path.GetDirectoryName(place.Path)!;
        if (!_realFolders.TryGetValue(folder, out var real)) _realFolders[folder] = real = Path.GetDirectoryName(await ServiceFile.RealPath(place, cancel))!;
        return Path.Combine(real, Path.GetFileName(place.Path));
    }
}

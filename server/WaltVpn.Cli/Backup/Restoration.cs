using System.Globalization;
using System.Net.Sockets;
using WaltVpn.Cli.Config;
using WaltVpn.Protocol;

namespace WaltVpn.Cli.Backup;

/// <summary>Puts a backup onto a machine: all of it is read and judged in a folder aside before anything of this machine changes.</summary>
/// <param name="settingsFile">Where server.yaml goes.</param>
/// <param name="hubState">The hub's state directory.</param>
internal sealed class Restoration(string settingsFile, string hubState)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _stamp = DateTime.UtcNow.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Restores.</summary>
    /// <param name="path">The backup.</param>
    /// <param name="passphrase">Opens it.</param>
    /// <param name="replace">A platform that is here already is moved aside; else that is refused.</param>
    /// <param name="audit">A later export of the audit trail, whose decisions are made again; null: none.</param>
    /// <param name="cancel">Ends it, until files are being put in place.</param>
    /// <exception cref="CliException">The backup is not whole, not genuine or too new, or this machine is not ready for it.</exception>
    public async Task<BackupReport> Run(string path, Secret passphrase, bool replace, string? audit, CancellationToken cancel)
    {
        // Large, and of this user alone.
        var aside = Directory.CreateDirectory(Path.Combine("/var/tmp", $"waltvpn-restore-{Path.GetRandomFileName()}"), OwnerOnly | UnixFileMode.UserExecute).FullName;
        var daemonsAreOff = new List<DaemonLock>();
        try
        {
            var read = new Dictionary<string, ReadFile>(StringComparer.Ordinal);
            var manifest = await Read(path, passphrase, file => Take(read, file, aside), cancel);
            var places = await Judge(manifest, read, cancel);
            var machines = await Machines(places, cancel);
            if (!replace) machines.ForEach(RefuseAPlatform);
            foreach (var machine in machines)
            {
                if (await DaemonLock.Take(machine.StateDirectory, cancel) is { } taken) daemonsAreOff.Add(taken);
                await RefuseAHub(machine.HubControlSocket, cancel);
            }

            var decided = audit is null ? [] : await Replay(read[BackupNames.Database].OnDisk, audit, cancel);
            var report = new BackupReport { File = path, Manifest = manifest, Decided = decided, KeptAside = await Put(places, read, cancel) };
            daemonsAreOff.ForEach(taken => taken.Keep());
            return report;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Failed, $"the backup is not restored: {e.Message} With sudo? Free space?");
        }
        finally
        {
            daemonsAreOff.ForEach(taken => taken.Dispose());
            Directory.Delete(aside, recursive: true);
        }
    }

    /// <summary>Reads and checks a whole backup.</summary>
    /// <param name="path">The backup.</param>
    /// <param name="passphrase">Opens it.</param>
    /// <param name="take">Where each of its files goes.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task<BackupManifest> Read(string path, Secret passphrase, Func<BackupFile, Stream> take, CancellationToken cancel)
    {
        try
        {
            await using var file = File.OpenRead(path);
            return await BackupSeal.Open(passphrase, file, archive => BackupArchive.Read(archive, take, cancel), cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Failed, $"cannot read the backup: {e.Message}");
        }
    }

    /// <summary>By number: no name of the archive becomes a path. Keys stay in memory: a machine that loses its power here keeps none of them.</summary>
    private static Stream Take(Dictionary<string, ReadFile> read, BackupFile file, string aside)
    {
        if (BackupNames.IsKey(file.Name))
        {
            var content = new MemoryStream();
            read.Add(file.Name, new ReadFile(null, content));
            return content;
        }

        var path = Path.Combine(aside, read.Count.ToString(CultureInfo.InvariantCulture));
        read.Add(file.Name, new ReadFile(path, null));
        return new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly });
    }

    /// <summary>Settings and database by the daemon's own word, and whether all is there that nodes need.</summary>
    private async Task<BackupPlaces> Judge(BackupManifest manifest, Dictionary<string, ReadFile> read, CancellationToken cancel)
    {
        foreach (var name in (string[])[BackupNames.Settings, BackupNames.Database])
        {
            if (!read.ContainsKey(name)) throw Unfit($"lacks {name}");
        }

        if (await SettingsJudge.Fault(read[BackupNames.Settings].OnDisk) is { } fault) throw Unfit($"has settings that waltvpnd cannot use: {fault}");
        var places = new BackupPlaces(await SettingsJudge.Settings(read[BackupNames.Settings].OnDisk), settingsFile, hubState);
        if (places.Platform != manifest.Platform) throw Unfit($"is of the platform {manifest.Platform}, and its settings are of {places.Platform}");
        var targets = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in read.Keys)
        {
            if (places.Find(name) is not { } place) throw Unfit($"has {name}, which its own settings do not name");
            if (!targets.Add(place.Path)) throw Unfit($"has {place.Path} twice");
        }

        if (places.Needed.FirstOrDefault(place => !targets.Contains(place.Path)) is { } missing) throw Unfit($"lacks {missing.Name}");
        var schema = await SystemProgram.Run(SystemProgram.Daemon, ["--check-database", read[BackupNames.Database].OnDisk], cancel);
        if (schema != manifest.Schema.ToString(CultureInfo.InvariantCulture)) throw Unfit($"has a database of schema {schema}, not {manifest.Schema}");
        return places;
    }

    /// <summary>The machine as the backup knows it, and as its own settings do, where they say something else.</summary>
    private async Task<List<BackupPlaces>> Machines(BackupPlaces places, CancellationToken cancel)
    {
        if (!File.Exists(settingsFile) || await SettingsJudge.Fault(settingsFile) is not null) return [places];
        var own = new BackupPlaces(await SettingsJudge.Settings(settingsFile), settingsFile, hubState);
        // Two names of one folder are one lock.
        var isOne = await SystemProgram.RealPath(own.StateDirectory, cancel) == await SystemProgram.RealPath(places.StateDirectory, cancel);
        if (!isOne) return [places, own];
        await RefuseAHub(own.HubControlSocket, cancel);
        return [places];
    }

    private static async Task<IReadOnlyList<string>> Replay(string database, string audit, CancellationToken cancel)
    {
        var printed = await SystemProgram.Run(SystemProgram.Daemon, ["--replay", database, Path.GetFullPath(audit)], cancel);
        return printed.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static void RefuseAPlatform(BackupPlaces places)
    {
        if (!File.Exists(places.Database)) return;
        throw new CliException(
            ExitCode.Refused,
            $"this machine has a platform already ({TerminalText.Plain(places.Database)}); its nodes would be lost. Nothing was changed. To take the backup's, and keep what is here aside: --replace");
    }

    /// <summary>It would write its leases of before over the backup's.</summary>
    private static async Task RefuseAHub(string controlSocket, CancellationToken cancel)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(controlSocket), cancel);
        }
        catch (SocketException)
        {
            return;
        }

        throw new CliException(ExitCode.Refused, $"waltvpn-hub runs here ({TerminalText.Plain(controlSocket)} answers); nothing was changed. Type: {DaemonLock.StopAll}");
    }

    /// <summary>Writes every file beside its place first; then each takes its place, the database last: without it there is no platform yet, and this can be done again.</summary>
    /// <returns>Files of before, where they lie now.</returns>
    private async Task<IReadOnlyList<string>> Put(BackupPlaces places, Dictionary<string, ReadFile> read, CancellationToken cancel)
    {
        var targets = read.Keys.Select(name => places.Find(name)!).OrderBy(place => place.Name == BackupNames.Database).ToList();
        var ready = new List<(string Ready, BackupPlace Place)>();
        try
        {
            foreach (var place in targets) await MakeFolder(places, place, cancel);
            foreach (var place in targets)
            {
                var beside = $"{place.Path}.{Path.GetRandomFileName()}.restore";
                ready.Add((beside, place));
                await Write(read[place.Name], beside, place, cancel);
            }

            // From here on nothing is read, made or asked any more.
            List<string> kept = [];
            foreach (var (beside, place) in ready)
            {
                // With its log, under the name where SQLite looks for it: the newest transactions may stand there only.
                if (place.Name == BackupNames.Database) kept.AddRange([.. Aside(place.Path, "-wal"), .. Aside(place.Path, "-shm")]);
                kept.AddRange(Aside(place.Path));
                TakePlace(beside, place.Path);
            }

            foreach (var folder in targets.Select(place => Path.GetDirectoryName(place.Path)!).Distinct()) await SystemProgram.Sync(folder, CancellationToken.None);
            return kept;
        }
        finally
        {
            foreach (var (beside, _) in ready) File.Delete(beside);
        }
    }

    /// <summary>Folders that packaging makes must be there, with their owners; those below them are made like them.</summary>
    private static async Task MakeFolder(BackupPlaces places, BackupPlace place, CancellationToken cancel)
    {
        var folder = Path.GetDirectoryName(place.Path)!;
        if (Directory.Exists(folder)) return;
        var above = Path.GetDirectoryName(folder)!;
        if (folder == places.StateDirectory || !Directory.Exists(above))
            throw new CliException(ExitCode.Failed, $"there is no folder {TerminalText.Plain(folder)}. Install WaltVpn first: sudo server/packaging/install; a folder of your own must be there, and be its user's");
        var mode = BackupNames.Rest(place.Name, BackupNames.BootImages) is not null ? "0700" : "0755";
        // mkdir(1) gives the mode whatever the umask is.
        await SystemProgram.RunAsOwner(await SystemProgram.RealPath(above, cancel), ["mkdir", $"--mode={mode}", "--", folder], cancel);
    }

    private static async Task Write(ReadFile from, string beside, BackupPlace place, CancellationToken cancel)
    {
        var expected = await ServiceFile.RealPath(place with { Path = beside }, cancel);
        var owner = place.Name == BackupNames.BootPrivateKey && PrivateFile.SudoUser() is { } operatorsOwn
            ? operatorsOwn
            : await SystemProgram.OwnerOf(Path.GetDirectoryName(expected)!, cancel);
        await using var file = new FileStream(beside, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly });
        if (!ServiceFile.StandsAt(file, expected)) throw ServiceFile.NotRegular(Path.GetDirectoryName(beside)!);
        await using (var source = from.Open()) await source.CopyToAsync(file, cancel);
        await ServiceFile.Give(file, owner, place.Mode, cancel);
        file.Flush(flushToDisk: true);
    }

    private IEnumerable<string> Aside(string path, string suffix = "")
    {
        if (!File.Exists(path + suffix)) return [];
        var kept = $"{path}.before-{_stamp}{suffix}";
        TakePlace(path + suffix, kept);
        return [kept];
    }

    private void TakePlace(string from, string to)
    {
        try
        {
            File.Move(from, to);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(
                ExitCode.DoneInPart,
                $"stopped at {TerminalText.Plain(to)}: {e.Message} Some files are the backup's already; those of before are beside them, with .before-{_stamp} behind their names. Mend it, and type the same again");
        }
    }

    private static CliException Unfit(string what) => new(ExitCode.Refused, $"the backup {TerminalText.Plain(what)}. Nothing was changed on this machine");
}

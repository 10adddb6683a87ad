using System.Globalization;
using WaltVpn.Protocol;

namespace WaltVpn.Cli.Backup;

/// <summary>The files of one server, as its settings name them.</summary>
internal sealed class BackupPlaces
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Open = Private | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly List<BackupPlace> _fixed = [];
    private readonly string _images;
    private readonly string _addresses;

    /// <summary>Finds them.</summary>
    /// <param name="settings">What holds.</param>
    /// <param name="settingsFile">Where server.yaml stands; hub.env is beside it.</param>
    /// <param name="hubState">The hub's state directory, which server.yaml does not name.</param>
    public BackupPlaces(IReadOnlyList<SettingView> settings, string settingsFile, string hubState)
    {
        StateDirectory = One(settings, "stateDirectory")!;
        Platform = One(settings, "platform")!;
        ServerName = One(settings, "serverName")!;
        _images = Path.Combine(StateDirectory, "boot");
        _addresses = Path.Combine(Path.GetFullPath(hubState), "addresses");
        HubControlSocket = One(settings, "hubControlSocket")!;
        Add(BackupNames.Settings, Path.GetFullPath(settingsFile), Open, needed: true);
        Add(BackupNames.HubOptions, Path.Combine(Path.GetDirectoryName(Path.GetFullPath(settingsFile))!, "hub.env"), Open);
        Add(BackupNames.Database, Path.Combine(StateDirectory, "waltvpn.db"), Private, needed: true);
        AddPair(BackupNames.EnrollmentKey, Path.Combine(StateDirectory, "enrollment_key"), privateNeeded: true);
        AddKey(BackupNames.CaKey, One(settings, "caPublicKey")!);
        var bootKey = One(settings, "bootPublicKey")!;
        Add(BackupNames.BootPublicKey, bootKey, Open);
        Add(BackupNames.BootPrivateKey, Path.Combine(Path.GetDirectoryName(bootKey)!, "private.pem"), Private);
        if (One(settings, "bootCaCertificate") is { } certificate) Add(BackupNames.BootCaCertificate, certificate, Open);
        AddKeys(BackupNames.HostKeys, Values(settings, "hostKeyFiles"));
        // A proxy's: its private half is on the proxy.
        foreach (var (number, file) in Values(settings, "lan.hostKeyFiles").Index()) Add(Numbered(BackupNames.LanHostKeys, number) + BackupNames.Public, file, Open, needed: true);
    }

    /// <summary>The daemon's.</summary>
    public string StateDirectory { get; }

    /// <summary>Where the hub answers while it runs.</summary>
    public string HubControlSocket { get; }

    /// <summary>The platform's id.</summary>
    public string Platform { get; }

    /// <summary>The server's name.</summary>
    public string ServerName { get; }

    /// <summary>The database.</summary>
    public string Database => _fixed.Single(place => place.Name == BackupNames.Database).Path;

    /// <summary>What a backup must hold. Where two names are one file, one of them does.</summary>
    public IEnumerable<BackupPlace> Needed => _fixed.Where(place => place.IsNeeded);

    /// <summary>Private halves of keys that this server has not: another agent holds the CA's, say.</summary>
    public IEnumerable<BackupPlace> MissingKeys => _fixed.Where(place =>
        (place.Name == BackupNames.CaKey || (BackupNames.Rest(place.Name, BackupNames.HostKeys) is { } rest && !rest.EndsWith(BackupNames.Public, StringComparison.Ordinal)))
        && !File.Exists(place.Path));

    /// <summary>The files that are there, each once, the settings first.</summary>
    public IReadOnlyList<BackupPlace> Existing() =>
    [
        .. _fixed.Where(place => File.Exists(place.Path))
            .Concat(Inside(BackupNames.Addresses, _addresses))
            .Concat(Inside(BackupNames.BootImages, _images))
            .DistinctBy(place => place.Path),
    ];

    /// <summary>Where a file of a backup goes; null: these settings know no such file.</summary>
    public BackupPlace? Find(string name)
    {
        if (BackupNames.MaxSize(name) is null) return null;
        if (BackupNames.Rest(name, BackupNames.BootImages) is { } hash) return new BackupPlace(name, Path.Combine(_images, hash), Open);
        if (BackupNames.Rest(name, BackupNames.Addresses) is { } mac) return new BackupPlace(name, Path.Combine(_addresses, mac), Open);
        return _fixed.SingleOrDefault(place => place.Name == name);
    }

    /// <summary>Other names in the folder (uploads that are not whole) belong to nobody.</summary>
    private static IEnumerable<BackupPlace> Inside(string prefix, string folder) =>
        !Directory.Exists(folder) ? [] : Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(file => new BackupPlace(prefix + Path.GetFileName(file), file, Open))
            .Where(place => BackupNames.MaxSize(place.Name) is not null);

    private void AddKeys(string prefix, IReadOnlyList<string> publicFiles)
    {
        foreach (var (number, file) in publicFiles.Index()) AddKey(Numbered(prefix, number), file);
    }

    /// <summary>A key by its public half, which the settings name; the private one stands beside it, or nowhere on this machine.</summary>
    private void AddKey(string name, string publicFile)
    {
        if (publicFile.EndsWith(BackupNames.Public, StringComparison.Ordinal)) AddPair(name, publicFile[..^BackupNames.Public.Length], privateNeeded: false);
        else Add(name + BackupNames.Public, publicFile, Open, needed: true);
    }

    private void AddPair(string name, string privateFile, bool privateNeeded)
    {
        Add(name, privateFile, Private, privateNeeded);
        Add(name + BackupNames.Public, privateFile + BackupNames.Public, Open, needed: true);
    }

    private void Add(string name, string path, UnixFileMode mode, bool needed = false) => _fixed.Add(new BackupPlace(name, path, mode, needed));

    private static string Numbered(string prefix, int number) => prefix + number.ToString(CultureInfo.InvariantCulture);

    private static string? One(IReadOnlyList<SettingView> settings, string key) => Values(settings, key).SingleOrDefault();

    private static IReadOnlyList<string> Values(IReadOnlyList<SettingView> settings, string key) => settings.SingleOrDefault(setting => setting.Key == key)?.Values ?? [];
}

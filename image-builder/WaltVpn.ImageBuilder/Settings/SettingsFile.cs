using System.Text;
using WaltVpn.Protocol;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace WaltVpn.ImageBuilder.Settings;

/// <summary>Reads <see cref="NodeSettings"/> from YAML, or from the JSON of a card (JSON is YAML once its comments are blanked out).</summary>
/// <remarks>Strict: every problem of the file is named in one go, with line and key and what to write. Values of secrets never appear in a message.</remarks>
internal sealed class SettingsFile
{
    private const int MaxBytes = 64 * 1024;

    private readonly string _name;
    private readonly List<string> _problems = [];

    private SettingsFile(string name) => _name = name;

    /// <summary>Reads a file.</summary>
    /// <exception cref="ImageException">It cannot be read or is not right; the hints hold one line per problem.</exception>
    public static NodeSettings Read(string path)
    {
        using var file = InputFile.Open(path, "a settings file", "on the server: sudo waltvpn setup-node --output node.yaml", "then copy the file here");
        var bytes = new byte[MaxBytes + 1];
        var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        if (length > MaxBytes) throw new ImageException($"{path} is larger than {MaxBytes} bytes; these are no node settings");
        return Parse(Path.GetFileName(path), bytes[..length]);
    }

    /// <summary>Reads the text of a file.</summary>
    /// <param name="name">What to call the file in messages.</param>
    /// <exception cref="ImageException">As for <see cref="Read"/>.</exception>
    public static NodeSettings Parse(string name, byte[] text) => new SettingsFile(name).Parse(text);

    private NodeSettings Parse(byte[] text)
    {
        var root = ReadMapping(Encoding.UTF8.GetString(JsonComments.Blank(text)));
        foreach (var (key, _) in root.Children) CheckKnown(key);
        var settings = new NodeSettings
        {
            Platform = One(root, SettingsKey.Platform)?.Value ?? "",
            SshEntrypoints = Many(root, SettingsKey.SshEntrypoints),
            HostKeys = Many(root, SettingsKey.HostKeys),
            EnrollmentKey = new Secret(One(root, SettingsKey.EnrollmentKey)?.Value ?? ""),
            EnrollmentToken = One(root, SettingsKey.EnrollmentToken)?.Value is { } token ? new Secret(token) : null,
            HttpEntrypoint = One(root, SettingsKey.HttpEntrypoint)?.Value,
            BootKey = One(root, SettingsKey.BootKey)?.Value,
            BootCache = One(root, SettingsKey.BootCache)?.Value,
            Mode = One(root, SettingsKey.Mode)?.Value,
            GuestMemory = One(root, SettingsKey.GuestMemory)?.Value,
            GuestCores = One(root, SettingsKey.GuestCores)?.Value,
            UsbAllow = Find(root, SettingsKey.UsbAllow) is null ? null : Many(root, SettingsKey.UsbAllow),
            UsbDeny = Find(root, SettingsKey.UsbDeny) is null ? null : Many(root, SettingsKey.UsbDeny),
        };
        if (_problems.Count == 0) CheckTogether(settings);
        return _problems.Count == 0 ? settings : throw Wrong();
    }

    private void CheckTogether(NodeSettings settings)
    {
        var virtualMachine = settings.Mode == HandOffMode.VirtualMachine;
        if (virtualMachine && settings.BootKey is null)
            _problems.Add("mode: vm takes a bootKey, with which the virtual machine's image is signed; 'waltvpn setup-node' writes it");
        else if ((settings.HttpEntrypoint is null) != (settings.BootKey is null) && !virtualMachine)
            _problems.Add("httpEntrypoint and bootKey belong together; write both or none");
    }

    private YamlMappingNode ReadMapping(string text)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException error)
        {
            // The parser's own text may quote the file, and so the key: only its place is told.
            _problems.Add($"line {error.Start.Line}, column {error.Start.Column}: this is not YAML (indentation, a key written twice, or a quote left open)");
            throw Wrong();
        }

        if (stream.Documents is [{ RootNode: YamlMappingNode mapping }]) return mapping;
        _problems.Add("line 1: expected one set of keys: " + string.Join(", ", SettingsKey.All.Select(key => key.Name)));
        throw Wrong();
    }

    private void CheckKnown(YamlNode key)
    {
        var name = (key as YamlScalarNode)?.Value ?? "";
        if (SettingsKey.All.Any(known => known.Name == name)) return;
        var remedy = SettingsKey.Nearest(name) is { } nearest
            ? $"write {nearest.Name}"
            : $"known are {string.Join(", ", SettingsKey.All.Select(known => known.Name))}";
        _problems.Add($"line {key.Start.Line}: unknown key '{name}'; {remedy}");
    }

    private YamlScalarNode? One(YamlMappingNode root, SettingsKey key)
    {
        if (Find(root, key) is not { } node) return null;
        if (node is YamlScalarNode scalar) return Checked(scalar, key, key.Name);
        _problems.Add($"line {node.Start.Line}: {key.Name} is one value, not a list; write {key.Example}");
        return null;
    }

    private List<string> Many(YamlMappingNode root, SettingsKey key)
    {
        if (Find(root, key) is not { } node) return [];
        if (node is not YamlSequenceNode { Children.Count: > 0 } list)
        {
            _problems.Add($"line {node.Start.Line}: {key.Name} is a list of at least one; write {key.Example}");
            return [];
        }

        var values = new List<string>();
        foreach (var (item, index) in list.Children.Select((item, index) => (item, index)))
        {
            var name = $"{key.Name}[{index}]";
            if (item is YamlScalarNode scalar) values.Add(Checked(scalar, key, name)?.Value ?? "");
            else _problems.Add($"line {item.Start.Line}: {name} is one value; write {key.Example}");
        }

        return values;
    }

    private YamlNode? Find(YamlMappingNode root, SettingsKey key)
    {
        var node = root.Children.FirstOrDefault(pair => pair.Key is YamlScalarNode name && name.Value == key.Name).Value;
        if (node is null && !key.MayBeMissing) _problems.Add($"{key.Name} is missing; write {key.Example}");
        return node;
    }

    private YamlScalarNode? Checked(YamlScalarNode scalar, SettingsKey key, string name)
    {
        if (key.Refuse(scalar.Value ?? "") is not { } reason) return scalar;
        _problems.Add($"line {scalar.Start.Line}: {name} {reason}; write {key.Example}");
        return null;
    }

    private ImageException Wrong() => new($"{_name} is not right", _problems.Select(problem => $"{_name}: {problem}").ToList());
}

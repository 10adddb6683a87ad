using System.Text.RegularExpressions;

namespace WaltVpn.ImageBuilder.Kernel;

/// <summary>What depmod found out about a kernel's modules: who needs whom. Names have underscores here, as the kernel prints them.</summary>
/// <remarks>Formats: modules.dep(5), and the text of modules.softdep, modules.alias and modules.builtin that depmod(8) writes.</remarks>
internal sealed class ModuleIndex
{
    private readonly Dictionary<string, string> _paths = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string[]> _needs = new(StringComparer.Ordinal);
    private readonly ILookup<string, string> _softNeeds;
    private readonly ILookup<string, string> _aliases;
    private readonly HashSet<string> _builtIn;

    private ModuleIndex(string dependencies, string softDependencies, string aliases, string builtIn)
    {
        foreach (var line in Lines(dependencies))
        {
            if (line.Split(':', 2) is not [var path, var needs]) throw new ImageException($"modules.dep has a line without a colon: {line}");
            _paths[NameOf(path)] = path;
            _needs[NameOf(path)] = needs.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(NameOf).ToArray();
        }

        _softNeeds = Lines(softDependencies).SelectMany(ReadSoftNeeds).ToLookup(pair => pair.Module, pair => pair.Needed, StringComparer.Ordinal);
        _aliases = Lines(aliases).Select(line => line.Split(' ')).Where(words => words is ["alias", _, _])
            .ToLookup(words => words[1], words => Canonical(words[2]), StringComparer.Ordinal);
        _builtIn = Lines(builtIn).Select(NameOf).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Reads the files of <c>lib/modules/RELEASE</c>, after depmod.</summary>
    public static ModuleIndex Read(string folder)
    {
        string Text(string name) => File.ReadAllText(Path.Combine(folder, name));
        return Parse(Text("modules.dep"), Text("modules.softdep"), Text("modules.alias"), Text("modules.builtin"));
    }

    /// <summary>Reads the text of the four files.</summary>
    public static ModuleIndex Parse(string dependencies, string softDependencies, string aliases, string builtIn) =>
        new(dependencies, softDependencies, aliases, builtIn);

    /// <summary>The files of the modules and of all they need, sorted, relative to <c>lib/modules/RELEASE</c>.</summary>
    /// <param name="names">With hyphens or underscores. One that is built into the kernel needs no file.</param>
    /// <exception cref="ImageException">The kernel has no module of one of the names.</exception>
    public IReadOnlyList<string> Closure(IEnumerable<string> names)
    {
        var chosen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Queue<string>();
        foreach (var name in names.Select(Canonical))
        {
            if (_paths.ContainsKey(name)) open.Enqueue(name);
            else if (!_builtIn.Contains(name)) throw new ImageException($"this kernel has no module '{name}', and it is not built in");
        }

        while (open.TryDequeue(out var name))
        {
            if (!chosen.Add(name)) continue;
            foreach (var needed in _needs[name].Concat(_softNeeds[name].SelectMany(Resolve))) open.Enqueue(needed);
        }

        return chosen.Select(name => _paths[name]).Order(StringComparer.Ordinal).ToList();
    }

    /// <summary>A soft dependency is a module or an alias of some; one that is neither is built in or absent, which it may be.</summary>
    private IEnumerable<string> Resolve(string text) => _paths.ContainsKey(Canonical(text)) ? [Canonical(text)] : _aliases[text].Where(_paths.ContainsKey);

    private static IEnumerable<(string Module, string Needed)> ReadSoftNeeds(string line) =>
        line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["softdep", var module, .. var rest]
            ? rest.Where(word => word is not ("pre:" or "post:")).Select(word => (Canonical(module), word))
            : [];

    private static IEnumerable<string> Lines(string text) => text.Split('\n').Where(line => line.Length > 0 && line[0] != '#');

    private static string NameOf(string path) => Canonical(Regex.Replace(path[(path.LastIndexOf('/') + 1)..], @"\.ko(\..*)?$", ""));

    private static string Canonical(string name) => name.Replace('-', '_');
}

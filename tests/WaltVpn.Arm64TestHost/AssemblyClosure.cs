using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace WaltVpn.Arm64TestHost;

/// <summary>The assemblies that a program needs, found by following their references: first beside the program, then in the runtime.</summary>
internal sealed class AssemblyClosure
{
    private readonly string _folder;
    private readonly Dictionary<string, BundleFile> _runtime;

    public AssemblyClosure(string folder, Bundle runtime)
    {
        _folder = folder;
        _runtime = runtime.Files.Where(file => file.Kind == BundleFileKind.Assembly && !file.Path.Contains('/', StringComparison.Ordinal))
            .ToDictionary(file => Path.GetFileNameWithoutExtension(file.Path), StringComparer.Ordinal);
    }

    /// <summary>Finds them.</summary>
    /// <param name="program">Its simple name.</param>
    /// <returns>Sorted by name. References to what is nowhere are left out: no code of ours goes there.</returns>
    public IReadOnlyList<BundleFile> Of(string program)
    {
        var found = new SortedDictionary<string, BundleFile>(StringComparer.Ordinal);
        // The runtime loads its core library by itself.
        var open = new Queue<string>([program, "System.Private.CoreLib"]);
        while (open.TryDequeue(out var name))
        {
            if (found.ContainsKey(name) || Find(name) is not { } assembly) continue;
            found.Add(name, assembly);
            foreach (var reference in References(assembly.Content)) open.Enqueue(reference);
        }

        return [.. found.Values];
    }

    private BundleFile? Find(string name)
    {
        var beside = Path.Combine(_folder, $"{name}.dll");
        return File.Exists(beside)
            ? new BundleFile(BundleFileKind.Assembly, $"{name}.dll", File.ReadAllBytes(beside))
            : _runtime.GetValueOrDefault(name);
    }

    private static List<string> References(byte[] assembly)
    {
        using var reader = new PEReader(new MemoryStream(assembly));
        var metadata = reader.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))];
    }
}

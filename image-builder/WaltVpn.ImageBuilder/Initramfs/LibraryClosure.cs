using WaltVpn.ImageBuilder.Packages;

namespace WaltVpn.ImageBuilder.Initramfs;

/// <summary>Adds to programs the libraries they are linked with, and what those are linked with, and the loader.</summary>
internal sealed class LibraryClosure(PackageTree packages, string multiarchFolder)
{
    /// <summary>Finds every library of some programs.</summary>
    /// <param name="programs">By path; the path is for messages.</param>
    /// <param name="opened">Libraries that they are not linked with and open by name while they run (dlopen(3)).</param>
    /// <returns>Libraries by the path that the loader looks them up at.</returns>
    /// <exception cref="ImageException">A library is in no package of the image, or a file is no ELF file.</exception>
    public SortedDictionary<string, byte[]> Collect(IEnumerable<KeyValuePair<string, byte[]>> programs, params IEnumerable<string> opened)
    {
        var libraries = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        var open = new Queue<KeyValuePair<string, byte[]>>(programs);
        Follow();
        foreach (var name in opened) Take(name, Places(name), "a program");
        Follow();
        return libraries;

        void Follow()
        {
            while (open.TryDequeue(out var file))
            {
                var (_, interpreter, needed) = Read(file);
                if (interpreter is not null) Take(interpreter, [interpreter], file.Key);
                // The loader's own name is among what libc needs; it stands at the interpreter's path already.
                foreach (var name in needed.Where(name => !libraries.Keys.Any(path => Path.GetFileName(path) == name))) Take(name, Places(name), file.Key);
            }
        }

        void Take(string name, IEnumerable<string> places, string wantedBy)
        {
            var (place, data) = places.Select(place => (place, packages.Find(place))).FirstOrDefault(found => found.Item2 is not null);
            if (data is null) throw new ImageException($"{wantedBy} needs {name}, which no package of the image has");
            if (libraries.TryAdd(place, data)) open.Enqueue(new(place, data));
        }
    }

    // The loader's default folders (ld.so(8)); the image has no ld.so.cache.
    private string[] Places(string name) => [$"/lib/{multiarchFolder}/{name}", $"/usr/lib/{multiarchFolder}/{name}"];

    private static ElfDependencies Read(KeyValuePair<string, byte[]> file)
    {
        try
        {
            return ElfDependencies.Read(file.Value);
        }
        catch (FormatException error)
        {
            throw new ImageException($"{file.Key}: {error.Message}", error);
        }
    }
}

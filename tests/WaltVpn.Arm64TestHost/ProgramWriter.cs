using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;

namespace WaltVpn.Arm64TestHost;

/// <summary>Puts a host and files together to a single-file program.</summary>
internal static class ProgramWriter
{
    /// <summary>Assemblies are mapped into memory: they start at pages.</summary>
    private const int PageBytes = 4096;

    private const int TextAlignment = 16;
    private const string Framework = ".NETCoreApp,Version=v10.0";
    private const string Target = $"{Framework}/linux-arm64";

    /// <summary>Writes it.</summary>
    /// <param name="application">Path of the program's assembly; its settings lie beside it.</param>
    /// <exception cref="InvalidDataException">The host is for another kind of program.</exception>
    public static byte[] Write(Bundle runtime, string application, IReadOnlyList<BundleFile> assemblies)
    {
        var name = Path.GetFileNameWithoutExtension(application);
        var host = runtime.Host.ToArray();
        Rename(host, OldName(runtime), $"{name}.dll");
        BundleFile[] files =
        [
            .. assemblies,
            new(BundleFileKind.RuntimeConfigJson, $"{name}.runtimeconfig.json", Settings(Path.ChangeExtension(application, ".runtimeconfig.json"))),
            new(BundleFileKind.DependenciesJson, $"{name}.deps.json", Dependencies(name, assemblies)),
        ];

        using var program = new MemoryStream();
        program.Write(host);
        var places = files.Select(file => Append(program, file)).ToList();
        var table = program.Position;
        WriteTable(program, files, places);
        var bytes = program.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(Bundle.TablePointer(bytes)), table);
        return bytes;
    }

    private static string OldName(Bundle runtime) =>
        runtime.Files.Single(file => file.Kind == BundleFileKind.RuntimeConfigJson).Path.Replace(".runtimeconfig.json", ".dll", StringComparison.Ordinal);

    /// <summary>The host has the name of the assembly it starts in a field of zeros.</summary>
    private static void Rename(Span<byte> host, string old, string name)
    {
        var (from, to) = (Encoding.UTF8.GetBytes(old + '\0'), Encoding.UTF8.GetBytes(name + '\0'));
        var at = host.IndexOf(from);
        var room = at < 0 ? 0 : from.Length + Math.Max(0, host[(at + from.Length)..].IndexOfAnyExcept((byte)0));
        if (to.Length > room) throw new InvalidDataException($"the host has no room for the name {name}");
        host.Slice(at, room).Clear();
        to.CopyTo(host[at..]);
    }

    private static long Append(MemoryStream program, BundleFile file)
    {
        var alignment = file.Kind == BundleFileKind.Assembly ? PageBytes : TextAlignment;
        program.Write(new byte[(alignment - (program.Position % alignment)) % alignment]);
        var place = program.Position;
        program.Write(file.Content);
        return place;
    }

    private static void WriteTable(MemoryStream program, BundleFile[] files, List<long> places)
    {
        using var writer = new BinaryWriter(program, Encoding.UTF8, leaveOpen: true);
        writer.Write(Bundle.Version);
        writer.Write(0u);
        writer.Write(files.Length);
        writer.Write("waltvpn-test");
        foreach (var kind in (BundleFileKind[])[BundleFileKind.DependenciesJson, BundleFileKind.RuntimeConfigJson])
        {
            var index = Array.FindIndex(files, file => file.Kind == kind);
            writer.Write(places[index]);
            writer.Write((long)files[index].Content.Length);
        }

        writer.Write(0ul);
        foreach (var (file, place) in files.Zip(places))
        {
            writer.Write(place);
            writer.Write((long)file.Content.Length);
            writer.Write(0L);
            writer.Write((byte)file.Kind);
            writer.Write(file.Path);
        }
    }

    /// <summary>The program's own settings; the framework they want is in the program now.</summary>
    private static byte[] Settings(string path)
    {
        var settings = JsonNode.Parse(File.ReadAllText(path))!;
        var options = settings["runtimeOptions"]!.AsObject();
        var framework = options["framework"] ?? throw new InvalidDataException($"{path} names no framework; expected a framework-dependent build");
        options.Remove("framework");
        options["includedFrameworks"] = new JsonArray(framework);
        var properties = options["configProperties"] as JsonObject ?? [];
        // Each method is compiled once and quickly: an emulated processor has nothing to learn from counting calls.
        properties["System.Runtime.TieredPGO"] = false;
        properties["System.GC.Concurrent"] = false;
        options["configProperties"] = properties;
        return Encoding.UTF8.GetBytes(settings.ToJsonString());
    }

    private static byte[] Dependencies(string name, IReadOnlyList<BundleFile> assemblies)
    {
        var library = $"{name}/1.0.0";
        var runtime = new JsonObject(assemblies.Select(file => KeyValuePair.Create(file.Path, (JsonNode?)new JsonObject())));
        var json = new JsonObject
        {
            ["runtimeTarget"] = new JsonObject { ["name"] = Target, ["signature"] = "" },
            ["compilationOptions"] = new JsonObject(),
            ["targets"] = new JsonObject
            {
                [Framework] = new JsonObject(),
                [Target] = new JsonObject { [library] = new JsonObject { ["runtime"] = runtime } },
            },
            ["libraries"] = new JsonObject { [library] = new JsonObject { ["type"] = "project", ["serviceable"] = false, ["sha512"] = "" } },
        };
        return Encoding.UTF8.GetBytes(json.ToJsonString());
    }
}

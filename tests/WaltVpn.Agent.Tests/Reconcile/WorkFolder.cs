namespace WaltVpn.Agent.Tests.Reconcile;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class WorkFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("waltvpn-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);

    public string At(string name) => System.IO.Path.Combine(Path, name);

    public string Read(string name) => File.ReadAllText(At(name));

    public byte[] ReadBytes(string name) => File.ReadAllBytes(At(name));

    public void Write(string name, ReadOnlySpan<byte> content)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(At(name))!);
        File.WriteAllBytes(At(name), content);
    }
}

namespace WaltVpn.Eeprom.Tests;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("waltvpn-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);

    public string Read(string name) => File.ReadAllText(System.IO.Path.Combine(Path, name));

    public void Write(string name, ReadOnlySpan<byte> content) => File.WriteAllBytes(System.IO.Path.Combine(Path, name), content);
}

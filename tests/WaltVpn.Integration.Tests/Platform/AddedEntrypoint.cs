namespace WaltVpn.Integration.Tests.Platform;

/// <summary>A second SSH entrypoint of the running server: an address, and its place in server.yaml. Gone, as what it black-holed, when disposed.</summary>
internal sealed class AddedEntrypoint : IAsyncDisposable
{
    private static readonly string _settingsFile = RunningPlatform.File("etc/server.yaml");

    private readonly string _address;
    private readonly string _settings;
    private string? _blackHole;

    private AddedEntrypoint(string address, string settings) => (_address, _settings) = (address, settings);

    /// <summary>Adds it behind those there are.</summary>
    /// <param name="entrypoint"><c>host:port</c>, the host in 203.0.113.0/24.</param>
    public static async Task<AddedEntrypoint> Make(string entrypoint)
    {
        var settings = await File.ReadAllTextAsync(_settingsFile);
        await File.WriteAllTextAsync(
            _settingsFile, settings.Replace("\"203.0.113.1:2222\"]", $"\"203.0.113.1:2222\", \"{entrypoint}\"]", StringComparison.Ordinal));
        var added = new AddedEntrypoint(entrypoint.Split(':')[0], settings);
        await Tool.Succeed("ip", "address", "add", $"{added._address}/24", "dev", "uplink");
        await RunningPlatform.KillAndAwait("waltvpnd");
        return added;
    }

    /// <summary>What a node sends there vanishes, as behind a firewall: no answer, not even a no.</summary>
    public async Task BlackHoleAnother(string address)
    {
        await Tool.Succeed("ip", "-n", "site", "route", "add", "blackhole", address);
        _blackHole = address;
    }

    public async ValueTask DisposeAsync()
    {
        if (_blackHole is not null) await Tool.Succeed("ip", "-n", "site", "route", "delete", "blackhole", _blackHole);
        await Tool.Succeed("ip", "address", "delete", $"{_address}/24", "dev", "uplink");
        await File.WriteAllTextAsync(_settingsFile, _settings);
        await RunningPlatform.KillAndAwait("waltvpnd");
    }
}

using System.Globalization;
using System.Net;
using WaltVpn.Hub.Dhcp;
using WaltVpn.Hub.Rules;
using WaltVpn.Protocol;

namespace WaltVpn.Hub.Serve;

/// <summary>Which IPv4 addresses DHCP gave to which VPN MAC, until the lease ends. Kept in a folder, so that a restart of the hub cuts no node off.</summary>
/// <remarks>
/// An address belongs to one MAC: who gets it last has it. While the hub runs, leases are counted by a clock that nobody sets; only the files
/// (<see cref="AddressFile"/>) speak of the time of day, and are written again when that jumps. A node's file is written at once, but no more
/// than once per tick.
/// </remarks>
internal sealed class AddressBook
{
    /// <summary>How long a former address counts as a node's: longer than a conversation that was begun with it can last.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(5);

    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly Dictionary<MacAddress, NodeAddresses> _byMac = [];
    private readonly Dictionary<uint, MacAddress> _owners = [];
    private readonly Dictionary<uint, TimeSpan> _forgotten = []; // and when
    private readonly HashSet<MacAddress> _savedInThisTick = [];
    private readonly HashSet<MacAddress> _unsaved = [];
    private DateTimeOffset _openedAt; // by today's time of day

    /// <param name="folder">Made when it is missing.</param>
    /// <param name="time">The clocks.</param>
    public AddressBook(string folder, TimeProvider time)
    {
        (_folder, _time, _start, _openedAt) = (Directory.CreateDirectory(folder).FullName, time, time.GetTimestamp(), time.GetUtcNow());
        List<(MacAddress Mac, Lease Lease)> kept = [];
        foreach (var file in Directory.EnumerateFiles(_folder))
        {
            if (!MacAddress.TryParse(Path.GetFileName(file).Replace('-', ':'), out var mac)) continue;
            kept.AddRange(Read(file).Select(lease => (mac, lease)));
        }

        // An address in two files: a hub was killed between them. The last lease counts.
        var newestFirst = kept.OrderBy(entry => entry.Lease.Since).Reverse().DistinctBy(entry => entry.Lease.Address);
        foreach (var (mac, lease) in newestFirst.Reverse()) Give(mac, lease);
        Tick();
    }

    /// <summary>A station got or lost an address, or got a new lease of one; told at once.</summary>
    public event Action<MacAddress>? Changed;

    /// <summary>The clock of all leases: time since the book was opened.</summary>
    public TimeSpan Now => _time.GetElapsedTime(_start);

    /// <summary>Addresses of nodes, connected or not, and those they had in the last minutes.</summary>
    public IEnumerable<uint> All => _owners.Keys.Concat(_forgotten.Keys).Distinct();

    /// <summary>The node's addresses; the list lives on and changes.</summary>
    public NodeAddresses Of(MacAddress mac)
    {
        if (!_byMac.TryGetValue(mac, out var addresses)) _byMac.Add(mac, addresses = new NodeAddresses());
        return addresses;
    }

    /// <summary>DHCP gave an address to a node, or renewed it.</summary>
    /// <param name="mac">The node's.</param>
    /// <param name="address">What it got.</param>
    /// <param name="server">From whom.</param>
    /// <param name="seconds">For how long; <see cref="Lease.Infinite"/>: for ever.</param>
    /// <returns>False when the node had it already.</returns>
    public bool Learn(MacAddress mac, uint address, uint server, uint seconds)
    {
        var (lease, former) = (new Lease(address, server, seconds, Now), Of(mac).Find(address));
        if (former is { } known && lease.AddsNothingTo(known)) return false;
        if (_owners.TryGetValue(address, out var owner) && owner != mac) Forget(owner, address);
        Give(mac, lease);
        Note(mac);
        return former is null;
    }

    /// <summary>The node does not have the address any more.</summary>
    public void Forget(MacAddress mac, uint address)
    {
        if (!Of(mac).Remove(address)) return;
        _owners.Remove(address);
        _forgotten[address] = Now;
        Note(mac);
    }

    /// <summary>Ends leases whose time is over, and writes what waits for it. To be called every second or so, and at the end.</summary>
    public void Tick()
    {
        foreach (var (mac, addresses) in _byMac)
            foreach (var lease in addresses.All.Where(lease => lease.HasEnded(Now)).ToList())
            {
                Log.Info($"{mac}: the lease of {Text(lease.Address)} ended");
                Forget(mac, lease.Address);
            }

        foreach (var (address, since) in _forgotten)
            if (Now - since >= Remembered) _forgotten.Remove(address);

        var openedAt = _time.GetUtcNow() - Now;
        if ((openedAt - _openedAt).Duration() >= Lease.Grace)
        {
            _openedAt = openedAt;
            _unsaved.UnionWith(_owners.Values);
        }

        foreach (var mac in _unsaved) Save(mac);
        _unsaved.Clear();
        _savedInThisTick.Clear();
    }

    /// <summary>Dotted form.</summary>
    public static string Text(uint address) => new IPAddress((uint)IPAddress.HostToNetworkOrder((int)address)).ToString();

    // One damaged file costs one node its address, not all nodes the hub.
    private List<Lease> Read(string file)
    {
        try
        {
            return [.. AddressFile.Read(file, _openedAt)];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Log.Warning($"{file} could not be read: {failure.Message}");
            return [];
        }
    }

    private void Give(MacAddress mac, Lease lease)
    {
        if (Of(mac).Add(lease) is { } gaveWay) _owners.Remove(gaveWay.Address);
        _owners[lease.Address] = mac;
    }

    private void Note(MacAddress mac)
    {
        Changed?.Invoke(mac);
        if (_savedInThisTick.Add(mac)) Save(mac);
        else _unsaved.Add(mac);
    }

    // A file that cannot be written costs this node its address after a restart of the hub, not its tunnel now.
    private void Save(MacAddress mac)
    {
        try
        {
            AddressFile.Write(Path.Combine(_folder, mac.ToString().Replace(':', '-')), Of(mac).All, _openedAt);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Log.Warning(string.Create(CultureInfo.InvariantCulture, $"addresses of {mac} could not be kept: {failure.Message}"));
        }
    }
}

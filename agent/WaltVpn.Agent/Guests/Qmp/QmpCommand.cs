using System.Text.Json;

namespace WaltVpn.Agent.Guests.Qmp;

/// <summary>A command to QEMU: all there are here.</summary>
internal sealed record QmpCommand
{
    /// <summary>Ends the negotiation; must be the first.</summary>
    public static QmpCommand Capabilities { get; } = new() { Execute = "qmp_capabilities" };

    /// <summary>Does it answer at all?</summary>
    public static QmpCommand QueryStatus { get; } = new() { Execute = "query-status" };

    /// <summary>Is the guest run by the processor, or emulated?</summary>
    public static QmpCommand QueryKvm { get; } = new() { Execute = "query-kvm" };

    /// <summary>Starts the guest's processors.</summary>
    public static QmpCommand Continue { get; } = new() { Execute = "cont" };

    /// <summary>QEMU's name of the command.</summary>
    public required string Execute { get; init; }

    /// <summary>Null: it takes none.</summary>
    public QmpArguments? Arguments { get; init; }

    /// <summary>Comes back with the answer.</summary>
    public long Id { get; init; }

    /// <summary>Gives a USB device of the board to the guest.</summary>
    /// <param name="id">What it is called from now on.</param>
    /// <param name="node">Path of its device node.</param>
    public static QmpCommand AddUsb(string id, string node) =>
        new() { Execute = "device_add", Arguments = new QmpArguments { Driver = "usb-host", Id = id, Hostdevice = node } };

    /// <summary>Takes a device away from the guest.</summary>
    public static QmpCommand Remove(string id) => new() { Execute = "device_del", Arguments = new QmpArguments { Id = id } };

    /// <summary>The command's line, with its line feed.</summary>
    public byte[] ToBytes() => [.. JsonSerializer.SerializeToUtf8Bytes(this, QmpJson.Default.QmpCommand), (byte)'\n'];
}

/// <summary>The arguments of all commands; null: not of this one.</summary>
internal sealed record QmpArguments
{
    public string? Driver { get; init; }

    public string? Id { get; init; }

    public string? Hostdevice { get; init; }
}

using System.Threading.Channels;
using WaltVpn.Linux;

namespace WaltVpn.Agent.Guests.Usb;

/// <summary>Says that the board's USB devices have changed, for the rest of this process's life.</summary>
internal static class UsbEvents
{
    /// <summary>Begins to listen.</summary>
    /// <returns>Holds an item when something has changed since the last one was taken.</returns>
    /// <exception cref="ErrnoException">Device events cannot be had.</exception>
    public static ChannelReader<bool> Listen(INodeLog log)
    {
        var events = new Uevent();
        // What changed is read from sysfs: any number of events is one look.
        var changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        new Thread(() => Follow(events, changes.Writer, log)) { Name = "USB events", IsBackground = true }.Start();
        return changes.Reader;
    }

    private static void Follow(Uevent events, ChannelWriter<bool> changes, INodeLog log)
    {
        try
        {
            while (true)
            {
                var variables = events.Read();
                // Empty: events were lost.
                if (variables.Count == 0 || variables.GetValueOrDefault("SUBSYSTEM") == "usb") changes.TryWrite(true);
            }
        }
        catch (ErrnoException failure)
        {
            log.Warning(BootStage.HandOff, $"{failure.Message}. USB devices that are plugged from now on are found late.");
        }
    }
}

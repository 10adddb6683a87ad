using System.Globalization;
using WaltVpn.Agent.Startup;

namespace WaltVpn.Agent.Guests;

/// <summary>What the node remembers of its virtual machines: numbers in files on the state partition. A damaged one counts as 0.</summary>
internal sealed class GuestRecord(StatePartition state)
{
    private const string EpochName = "guest-epoch";
    private const string RestartsName = "guest-restarts";

    /// <summary>The highest epoch of an image whose guest lasted: none with a lower one is started any more.</summary>
    public long Epoch
    {
        get => Read(EpochName);
        set => Write(EpochName, value);
    }

    /// <summary>Starts in a row whose guest did not last.</summary>
    public int ShortStarts
    {
        get => (int)Math.Min(Read(RestartsName), int.MaxValue - 1);
        set => Write(RestartsName, value);
    }

    private long Read(string name)
    {
        var path = Path.Combine(state.Directory, name);
        return File.Exists(path) && long.TryParse(File.ReadAllText(path), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }

    private void Write(string name, long number)
    {
        if (Read(name) == number) return;
        state.Write(() => StateFile.Write(state, name, System.Text.Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture))));
    }
}

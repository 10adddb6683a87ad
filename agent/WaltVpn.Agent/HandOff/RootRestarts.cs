using System.Globalization;
using WaltVpn.Agent.Startup;

namespace WaltVpn.Agent.HandOff;

/// <summary>How often in a row the node started over because it got no root: a file on the state partition, written at such a restart only.</summary>
internal sealed class RootRestarts(StatePartition state)
{
    private const string FileName = "root-restarts";

    private string FilePath => Path.Combine(state.Directory, FileName);

    /// <summary>0..; a damaged file counts as none.</summary>
    public int Count =>
        File.Exists(FilePath) && int.TryParse(File.ReadAllText(FilePath), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;

    /// <summary>One more.</summary>
    public void Add()
    {
        var next = Math.Min(Count, int.MaxValue - 1) + 1;
        state.Write(() => StateFile.Write(state, FileName, System.Text.Encoding.ASCII.GetBytes(next.ToString(CultureInfo.InvariantCulture))));
    }

    /// <summary>The root is there.</summary>
    public void Clear()
    {
        if (File.Exists(FilePath)) state.Write(() => File.Delete(FilePath));
    }
}

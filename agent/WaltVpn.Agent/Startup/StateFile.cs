namespace WaltVpn.Agent.Startup;

/// <summary>A file on the state partition.</summary>
internal static class StateFile
{
    /// <summary>Replaces it: after a power cut it is the old one or the new one. Call it inside <see cref="StatePartition.Write"/>.</summary>
    public static void Write(StatePartition state, string name, ReadOnlySpan<byte> content) =>
        DurableFile.Write(Path.Combine(state.Directory, name), content);
}

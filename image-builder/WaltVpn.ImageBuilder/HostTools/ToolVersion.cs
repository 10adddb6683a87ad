namespace WaltVpn.ImageBuilder.HostTools;

/// <summary>A version of a host tool, as the Debian package that has it.</summary>
/// <param name="Package">Its name, like <c>mtools</c>.</param>
/// <param name="Version">With epoch and revision.</param>
internal sealed record ToolVersion(string Package, string Version)
{
    /// <summary>As apt-get takes it on its command line.</summary>
    public override string ToString() => $"{Package}={Version}";
}

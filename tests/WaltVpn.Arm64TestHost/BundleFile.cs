namespace WaltVpn.Arm64TestHost;

/// <summary>A file inside a single-file program.</summary>
/// <param name="Kind">What the host does with it.</param>
/// <param name="Path">Its name for the runtime.</param>
/// <param name="Content">As the runtime gets it: unpacked.</param>
internal sealed record BundleFile(BundleFileKind Kind, string Path, byte[] Content);

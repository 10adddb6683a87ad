namespace WaltVpn.ImageBuilder.Kernel;

/// <summary>An unpacked kernel.</summary>
/// <param name="Release">As <c>uname -r</c> prints it.</param>
/// <param name="ImagePath">The bootable image.</param>
/// <param name="Root">The folder that has <c>lib/modules/RELEASE</c>.</param>
/// <param name="DeviceTreeFolder">Has the device trees, if there are any.</param>
/// <param name="Newest">The latest date of its files.</param>
internal sealed record KernelTree(string Release, string ImagePath, string Root, string DeviceTreeFolder, DateTimeOffset Newest);

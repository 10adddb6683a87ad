namespace WaltVpn.Agent.Guests;

/// <summary>What a virtual machine starts with, out of a signed image, in memory.</summary>
/// <param name="Kernel">Path.</param>
/// <param name="Initramfs">Path.</param>
/// <param name="CommandLine">The kernel's.</param>
/// <param name="Sha256">Of the image.</param>
/// <param name="Epoch">Of the image.</param>
internal sealed record GuestFiles(string Kernel, string Initramfs, string CommandLine, string Sha256, long Epoch);

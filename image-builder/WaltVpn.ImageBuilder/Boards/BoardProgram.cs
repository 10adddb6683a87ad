namespace WaltVpn.ImageBuilder.Boards;

/// <summary>A program that only some boards need.</summary>
/// <param name="Package">Debian's package that has it.</param>
/// <param name="Path">In package and initramfs, no slash at its start.</param>
internal sealed record BoardProgram(string Package, string Path);

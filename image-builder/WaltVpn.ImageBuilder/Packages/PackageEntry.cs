using System.Formats.Tar;

namespace WaltVpn.ImageBuilder.Packages;

/// <summary>One checked entry of a package's file archive.</summary>
/// <param name="Path">Absolute in the system it would be installed to, like <c>/usr/bin/ssh</c>; no <c>.</c>, <c>..</c> or empty part.</param>
/// <param name="Type">Directory, regular file, or link.</param>
/// <param name="Mode">Permission bits.</param>
/// <param name="Target">Of a symbolic link as written; of a hard link the <see cref="Path"/> of the other name; else empty.</param>
/// <param name="Modified">As the package's build set it.</param>
/// <param name="Data">The content of a file. Valid until the next entry is read.</param>
internal sealed record PackageEntry(string Path, TarEntryType Type, UnixFileMode Mode, string Target, DateTimeOffset Modified, Stream Data);

using System.Text;
using System.Text.Json;
using WaltVpn.ImageBuilder.Boards;
using WaltVpn.ImageBuilder.Packages;
using WaltVpn.Protocol;

namespace WaltVpn.ImageBuilder.Initramfs;

/// <summary>Everything in a node's initramfs, as data: what is not named here is not in it.</summary>
internal sealed class InitramfsContent
{
    /// <summary>The agent is the init process, but its runtime cannot start without /proc.</summary>
    private const string Init = """
        #!/bin/sh
        /bin/mount -t proc proc /proc && exec /bin/waltvpn-agent

        """;

    public const string AgentPath = "bin/waltvpn-agent";
    private const string BusyboxPath = "bin/busybox";

    private const UnixFileMode Executable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
            | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
    private const UnixFileMode Plain = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Everybody =
        Executable | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite | UnixFileMode.StickyBit;

    /// <summary>Mount points, and folders the agent writes to.</summary>
    private static readonly string[] _folders = ["dev", "mnt", "proc", "root", "run", "sys", "var"];

    /// <summary>Programs of Debian packages: where they stand in the initramfs, and in their package.</summary>
    private static readonly (string Path, string InPackage)[] _programs =
    [
        (BusyboxPath, "/bin/busybox"), ("usr/bin/ssh", "/usr/bin/ssh"), ("usr/bin/ssh-keygen", "/usr/bin/ssh-keygen"),
        // Stage 1 starts the boot image's kernel with it.
        ("bin/kexec", "/sbin/kexec"),
    ];

    /// <summary>The agent's SHA-256 is OpenSSL's: the runtime opens it by this name.</summary>
    private static readonly string[] _openedLibraries = ["libssl.so.3"];

    private static readonly (string Path, string Target)[] _links =
    [
        // What busybox is used for. The kernel itself starts /sbin/modprobe, for instance for a file system's code page.
        ("bin/sh", "busybox"), ("bin/mount", "busybox"), ("bin/modprobe", "busybox"), ("bin/udhcpc", "busybox"), ("sbin", "bin"),
        // udhcpc's event script is the agent, which knows by this name what is asked of it.
        ("lib/waltvpn/dhcp-event", "/bin/waltvpn-agent"),
    ];

    private static readonly (string Path, string Text)[] _texts =
    [
        ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
        ("etc/group", "root:x:0:\n"),
        ("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
        ("etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"),
    ];

    private readonly SortedDictionary<string, ArchiveEntry> _entries = new(StringComparer.Ordinal);

    /// <summary>Composes the content.</summary>
    /// <param name="agent">The agent's ELF file.</param>
    /// <param name="packages">Has the programs and libraries.</param>
    /// <param name="board">Which programs it needs beside those of every board, and where Debian has its libraries.</param>
    /// <param name="modules">Kernel modules and their indexes, by their path in the initramfs.</param>
    /// <param name="info">What the image says of itself.</param>
    /// <param name="packageList">The lock file's text.</param>
    /// <exception cref="ImageException">A program or a library is in no package.</exception>
    public InitramfsContent(
        byte[] agent, PackageTree packages, Board board, IEnumerable<KeyValuePair<string, byte[]>> modules, ImageInfo info, string packageList)
    {
        AddFile("init", Executable, Encoding.UTF8.GetBytes(Init));
        var programs = _programs.Concat(board.Programs.Select(program => (program.Path, InPackage: $"/{program.Path}"))).ToDictionary(
            program => program.Path,
            program => packages.Find(program.InPackage) ?? throw new ImageException($"no package of the image has {program.InPackage}"),
            StringComparer.Ordinal);
        programs.Add(AgentPath, agent);
        foreach (var (path, data) in programs) AddFile(path, Executable, data);
        var libraries = new LibraryClosure(packages, board.LibraryFolder).Collect(programs, _openedLibraries);
        foreach (var (path, data) in libraries) AddFile(path.TrimStart('/'), Executable, data);
        foreach (var (_, path) in board.DataFiles)
            AddFile(path, Plain, packages.Find($"/{path}") ?? throw new ImageException($"no package of the image has /{path}"));
        foreach (var (path, data) in modules) AddFile(path, Plain, data);
        foreach (var (path, text) in _texts) AddFile(path, Plain, Encoding.UTF8.GetBytes(text));
        AddFile(ImageInfo.Path.TrimStart('/'), Plain, JsonSerializer.SerializeToUtf8Bytes(info, ProtocolJson.Default.ImageInfo));
        AddFile(PackageLock.ImagePath.TrimStart('/'), Plain, Encoding.UTF8.GetBytes(packageList));
        foreach (var (path, target) in _links) Add(new ArchiveEntry(path, ArchiveEntryKind.Link, Executable, Encoding.UTF8.GetBytes(target)));
        foreach (var path in _folders) AddFolder(path, Executable);
        AddFolder("tmp", Everybody);
    }

    /// <summary>All entries, folders included.</summary>
    public IEnumerable<ArchiveEntry> Entries => _entries.Values;

    private void AddFile(string path, UnixFileMode mode, ReadOnlyMemory<byte> data) => Add(new ArchiveEntry(path, ArchiveEntryKind.File, mode, data));

    private void AddFolder(string path, UnixFileMode mode) => Add(new ArchiveEntry(path, ArchiveEntryKind.Folder, mode, default));

    private void Add(ArchiveEntry entry)
    {
        for (var slash = entry.Path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = entry.Path.IndexOf('/', slash + 1))
        {
            var parent = entry.Path[..slash];
            _entries.TryAdd(parent, new ArchiveEntry(parent, ArchiveEntryKind.Folder, Executable, default));
        }

        _entries.Add(entry.Path, entry);
    }
}

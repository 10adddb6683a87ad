namespace WaltVpn.ImageBuilder.Inspect;

/// <summary>The members of the JSON report, for the end of the command's help. A test compares it with what is printed.</summary>
internal static class ReportSchema
{
    /// <summary>One line per value: where it stands, its JSON type, what it is.</summary>
    public const string Text = """
        Members of the JSON (-o json); more may come, but none is renamed or goes away:
          image                        string  path of the file
          bytes                        number  its size
          board                        string  the board it is for
          builderVersion               string  version of the waltvpn-image that made it
          buildTime                    string  date of everything in it, RFC 3339
          kernel                       string  kernel release
          testRuntime                  boolean true when the agent brings a just-in-time compiler: for tests, for no real board
          partitions[].number          number  from 1
          partitions[].type            string  fat32 or ext4
          partitions[].label           string  volume label
          partitions[].start           number  first byte
          partitions[].bytes           number  size
          partitions[].files[].name    string  file in it, with its folder
          partitions[].files[].bytes   number  size
          settings.platform            string  absent, like the next three, when there are problems
          settings.sshEntrypoints[]    string  host or host:port
          settings.hostKeys[]          string  ssh-ed25519 and the key
          settings.enrollmentKey       string  three stars
          settings.problems[]          string  what is wrong with the settings
          initramfs.compressedBytes    number  as it is loaded
          initramfs.bytes              number  sum of its files
          initramfs.agentBytes         number  size of the agent
          initramfs.agentSha256        string  hash of the agent
          initramfs.programs[].name    string  path
          initramfs.programs[].bytes   number  size
          initramfs.libraries[].name   string  path
          initramfs.libraries[].bytes  number  size
          initramfs.modules[]          string  kernel module
          packages[].name              string  Debian package
          packages[].version           string  its version
        """;
}

using System.Diagnostics;
using Shouldly;

namespace WaltVpn.Server.Tests.Parts;

/// <summary>
/// A real sshd with the shipped drop-in. Folders are replaced by the test's, and in the place of the hub's program stands a script that asks
/// the daemon's login socket as docs/protocol.md "Login" says.
/// </summary>
internal sealed class TestSshd : IDisposable
{
    private const string Helper =
        """
        #!/bin/sh
        case "$1" in
          authorize-certificate)
            answer=$(printf '{"kind":"certificate","keyId":"%s","serial":%s,"certificate":"%s"}\n' "$2" "$3" "$4" | socat -t5 - UNIX-CONNECT:LOGIN_SOCKET)
            case "$answer" in *'"allowed":true'*) echo "$answer" | sed 's/.*"principal":"\([^"]*\)".*/restrict,command="echo admitted" \1/' ;; esac ;;
          authorize-key)
            answer=$(printf '{"kind":"key","publicKey":"%s %s"}\n' "$2" "$3" | socat -t5 - UNIX-CONNECT:LOGIN_SOCKET)
            case "$answer" in *'"allowed":true'*) echo "restrict,command=\"echo enrolling\" $2 $3" ;; esac ;;
        esac
        """;

    // Below those that the kernel gives to whoever connects (ip_local_port_range), and each once.
    private static int s_lastPort = 21000;

    private readonly TestPlatform _platform;
    private readonly SshdProgram _program;
    private Process? _sshd;
    private Task<string>? _drained;

    private TestSshd(TestPlatform platform, SshdProgram program, string folder, int port) =>
        (_platform, _program, Folder, Port) = (platform, program, folder, port);

    /// <summary>Root's own, under /run: sshd insists on that for its helpers.</summary>
    public string Folder { get; }

    /// <summary>On 127.0.0.1.</summary>
    public int Port { get; }

    public string CaFile => Path.Combine(Folder, "ca_key.pub");

    public string ListFile => Path.Combine(Folder, "revoked.krl");

    public string HelperFile => Path.Combine(Folder, "waltvpn-hub");

    public string Config => Path.Combine(Folder, "sshd_config");

    public string AdminKey => Path.Combine(Folder, "admin");

    /// <summary>Starts it and waits until it listens.</summary>
    /// <param name="platform">Whose daemon decides.</param>
    /// <param name="debian">A Debian's name: that one's sshd.</param>
    public static async Task<TestSshd> Start(TestPlatform platform, string debian)
    {
        var folder = Path.Combine("/run", Path.GetRandomFileName());
        Directory.CreateDirectory(folder);
        var port = Interlocked.Increment(ref s_lastPort);
        var program = await SshdProgram.Find(debian, folder);
        foreach (var key in (string[])["host", "admin"]) await Shell.Run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", Path.Combine(folder, key)]);
        File.Copy(Path.Combine(folder, "admin.pub"), Path.Combine(folder, "admin_keys"));
        File.WriteAllText(
            Path.Combine(folder, "sshd_config"),
            $"""
            Port {port}
            ListenAddress 127.0.0.1
            HostKey {folder}/host
            PidFile none
            UsePAM no
            PermitRootLogin yes
            {program.MoreSettings}
            Include {folder}/60-waltvpn.conf
            AuthorizedKeysFile {folder}/admin_keys
            X11Forwarding yes
            """);
        var shipped = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "packaging/sshd_config.d/60-waltvpn.conf"));
        File.WriteAllText(
            Path.Combine(folder, "60-waltvpn.conf"),
            shipped.Replace("/var/lib/waltvpn-ca/", folder + "/", StringComparison.Ordinal)
                .Replace("/var/lib/waltvpn/", folder + "/", StringComparison.Ordinal)
                .Replace("/usr/lib/waltvpn/", folder + "/", StringComparison.Ordinal));
        var sshd = new TestSshd(platform, program, folder, port);
        sshd.Repair();
        sshd._sshd = program.Start("-D", "-e", "-f", sshd.Config);
        var said = new List<string>();
        while (said is not [.., var last] || !last.Contains("Server listening", StringComparison.Ordinal))
            said.Add(await sshd._sshd.StandardError.ReadLineAsync() ?? throw new InvalidOperationException($"sshd ended: {string.Join('\n', said)}"));
        sshd._drained = sshd._sshd.StandardError.ReadToEndAsync();
        return sshd;
    }

    /// <summary>Runs sshd on its settings in another way than as a server: <c>-t</c>, <c>-T</c>.</summary>
    public Task<string> Ask(params string[] arguments) => _program.Run([.. arguments, "-f", Config]);

    /// <summary>Puts the list, the CA's key and the helper into their right state.</summary>
    public void Repair()
    {
        File.Copy(_platform.Ca.PublicKeyFile, CaFile, overwrite: true);
        File.Copy(_platform.Settings.RevocationListFile, ListFile, overwrite: true);
        File.WriteAllText(HelperFile, Helper.Replace("LOGIN_SOCKET", _platform.Settings.LoginSocket, StringComparison.Ordinal));
        File.SetUnixFileMode(HelperFile, (UnixFileMode)Convert.ToInt32("755", 8));
    }

    /// <summary>Logs in with a key, and a certificate beside it.</summary>
    /// <returns>What the session printed, ssh's own messages too.</returns>
    public async Task<string> Ssh(string user, string keyFile, string? certificateFile, params string[] options) => (await Shell.Try(
        "timeout",
        [
            "20", "ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes", "-i", keyFile,
            .. certificateFile is null ? (string[])[] : ["-o", $"CertificateFile={certificateFile}"],
            .. options, "-p", $"{Port}", $"{user}@127.0.0.1", "echo own-command",
        ])).Output;

    /// <summary>An administrator's own login works.</summary>
    public async Task AdminLogsIn(string because) => (await Ssh("root", AdminKey, null)).ShouldContain("own-command", customMessage: because);

    public void Dispose()
    {
        _sshd!.Kill(entireProcessTree: true);
        _sshd.WaitForExit();
        _drained?.Wait();
        _sshd.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}

using System.Diagnostics;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Tests.Parts;

/// <summary>waltvpnd as a process of its own, which can be killed. Its ssh-keygen stops at a named point when one is armed.</summary>
internal sealed class DaemonProcess : IDisposable
{
    // Stands in front of the real program in PATH: "before-sign" and so on stop it for ever there; the test then kills the daemon.
    private const string StoppingKeygen =
        """
        #!/bin/sh
        case "$*" in *" -U "*) kind=sign ;; *"-Y verify"*) kind=verify ;; *" -k "*) kind=list ;; *) kind=other ;; esac
        at() { [ "$(cat "$CRASH_FOLDER/armed" 2>/dev/null)" = "$1-$kind" ] && { rm "$CRASH_FOLDER/armed"; touch "$CRASH_FOLDER/reached"; exec sleep 1000; }; }
        at before
        /usr/bin/ssh-keygen "$@"
        status=$?
        at after
        exit $status
        """;

    private readonly string _folder;
    private readonly string _config;
    private Process? _process;

    /// <param name="settings">The platform's; its in-process daemon must be stopped.</param>
    /// <param name="folder">For the stopping program and the settings file.</param>
    public DaemonProcess(ServerSettings settings, string folder)
    {
        _folder = folder;
        Directory.CreateDirectory(Path.Combine(folder, "bin"));
        var keygen = Path.Combine(folder, "bin/ssh-keygen");
        File.WriteAllText(keygen, StoppingKeygen);
        File.SetUnixFileMode(keygen, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _config = Path.Combine(folder, "server.yaml");
        File.WriteAllText(
            _config,
            $"""
            platform: {settings.Platform}
            serverName: {settings.ServerName}
            stateDirectory: {settings.StateDirectory}
            runtimeDirectory: {settings.RuntimeDirectory}
            http:
              address: 127.0.0.1
              port: {settings.Http.Port}
              requestsPerSecond: {settings.HttpLimits.RequestsPerSecond}
            platformSubnet: {settings.PlatformSubnet}
            enrollment:
              lan: auto
            caPublicKey: {settings.CaPublicKeyFile}
            caAgentSocket: {settings.CaAgentSocket}
            hubControlSocket: {settings.HubControlSocket}
            sshUser: {settings.SshUser}
            operatorGroup: {settings.OperatorGroup}
            """);
    }

    private string Reached => Path.Combine(_folder, "reached");

    /// <summary>Starts it and waits until it listens.</summary>
    /// <param name="socket">The login socket: it is bound last.</param>
    /// <param name="strace">Options of strace(1), which then runs it; none: nothing does.</param>
    public async Task Start(string socket, params string[] strace)
    {
        string[] daemon = ["dotnet", Path.Combine(AppContext.BaseDirectory, "waltvpnd.dll"), "--config", _config];
        string[] words = strace.Length > 0 ? ["strace", "-f", .. strace, .. daemon] : daemon;
        var start = new ProcessStartInfo(words[0], words[1..]) { RedirectStandardOutput = true };
        start.Environment["PATH"] = $"{_folder}/bin:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["CRASH_FOLDER"] = _folder;
        _process = Process.Start(start)!;
        _process.BeginOutputReadLine();
        await Wait.Until(async () =>
        {
            try
            {
                using var probe = await Conversation.Open(socket);
                return true;
            }
            catch (System.Net.Sockets.SocketException)
            {
                return false;
            }
        });
    }

    /// <summary>The next ssh-keygen of that kind stops there.</summary>
    /// <param name="point"><c>before-</c> or <c>after-</c>, then <c>verify</c>, <c>sign</c> or <c>list</c>.</param>
    public void Arm(string point)
    {
        File.Delete(Reached);
        File.WriteAllText(Path.Combine(_folder, "armed"), point);
    }

    /// <summary>Waits for the armed point and kills the daemon there (SIGKILL).</summary>
    public async Task KillWhenReached()
    {
        await Wait.Until(() => Task.FromResult(File.Exists(Reached)));
        Kill();
    }

    /// <summary>Its process id, while it runs and no strace runs it.</summary>
    public int Id => _process!.Id;

    /// <summary>Kills it and its children.</summary>
    public void Kill()
    {
        if (_process is null) return;
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    public void Dispose() => Kill();
}

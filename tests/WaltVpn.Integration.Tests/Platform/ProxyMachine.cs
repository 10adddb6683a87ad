using System.Globalization;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>A machine between nodes and server, with systemd and sshd, on which a script of <c>waltvpn setup-proxy</c> runs, unedited.</summary>
/// <remarks><code>
///   site ── 203.0.113.1 server 198.51.100.(4N+1) ── 198.51.100.(4N+2) proxyN
/// </code></remarks>
internal sealed class ProxyMachine : IAsyncDisposable
{
    private readonly SystemdHost _host;
    private readonly string _link;

    private ProxyMachine(SystemdHost host, int number)
    {
        (_host, _link) = (host, $"to-proxy{number}");
        Address = string.Create(CultureInfo.InvariantCulture, $"198.51.100.{(4 * number) + 2}");
        Gateway = string.Create(CultureInfo.InvariantCulture, $"198.51.100.{(4 * number) + 1}");
    }

    /// <summary>Where nodes reach it.</summary>
    public string Address { get; }

    private string Gateway { get; }

    /// <summary>Boots it.</summary>
    /// <param name="number">1..62; no other machine's that runs.</param>
    public static async Task<ProxyMachine> Boot(int number)
    {
        var machine = new ProxyMachine(await SystemdHost.Boot($"proxy{number}"), number);
        await Tool.Succeed("ip", "link", "add", machine._link, "type", "veth", "peer", "name", "eth0", "netns", machine._host.Name);
        await Tool.Succeed("ip", "address", "add", $"{machine.Gateway}/30", "dev", machine._link);
        await Tool.Succeed("ip", "link", "set", machine._link, "up");
        await Tool.Succeed("ip", "-n", machine._host.Name, "address", "add", $"{machine.Address}/30", "dev", "eth0");
        await Tool.Succeed("ip", "-n", machine._host.Name, "link", "set", "eth0", "up");
        await Tool.Succeed("ip", "-n", machine._host.Name, "route", "add", "default", "via", machine.Gateway);
        await Tool.Succeed("ip", "-n", "site", "route", "replace", "198.51.100.0/24", "via", RunningPlatform.PublicAddress);
        await Tool.Succeed("sysctl", "-q", "-w", "net.ipv4.ip_forward=1");
        return machine;
    }

    /// <summary>The same ssh, through this machine.</summary>
    public SshClient Way(SshClient client, string port = "2222") => client with { Address = Address, Port = port };

    /// <summary>Brings the script as the operator does.</summary>
    /// <param name="options">Of <c>waltvpn setup-proxy</c>.</param>
    public async Task Bring(params string[] options)
    {
        var result = await RunningPlatform.Cli(["setup-proxy", "--force", "--output", PathOf("/root/proxy-setup.sh"), .. options]);
        if (result.Status != 0) throw new InvalidOperationException(result.Output + result.Errors);
    }

    /// <summary>Runs the script.</summary>
    public Task<ToolResult> Script(params string[] arguments) => _host.Try(["/root/proxy-setup.sh", .. arguments]);

    /// <summary>Runs a program on it, which must end well.</summary>
    public Task<string> Run(params string[] command) => _host.Run(command);

    /// <summary>Runs a program on it.</summary>
    public Task<ToolResult> Try(params string[] command) => _host.Try(command);

    /// <summary>Path here of a file there.</summary>
    public string PathOf(string path) => _host.PathOf(path);

    /// <summary>Names, owners, modes and contents of all that a set-up could change: the whole of /etc, /home, /usr/local and the users.</summary>
    public Task<string> State() => Run(
        "sh", "-c", "find /etc /home /usr/local /opt -xdev -printf '%p %u %g %m %l\\n' | grep -v -e '/etc/passwd-' -e '/etc/shadow-' -e '/etc/group-' -e '/etc/gshadow-' -e '/etc/\\.' | sort;"
        + " find /etc -xdev -type f ! -name '*-' ! -name ld.so.cache | sort | xargs sha256sum; systemctl list-unit-files --no-legend | sort; ss -ltn | sort");

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await Tool.Run("ip", "link", "delete", _link);
    }
}

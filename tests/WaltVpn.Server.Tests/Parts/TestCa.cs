using System.Diagnostics;

namespace WaltVpn.Server.Tests.Parts;

/// <summary>A CA key in a real ssh-agent.</summary>
internal sealed class TestCa : IDisposable
{
    private readonly Process _agent;

    private TestCa(string folder, Process agent)
    {
        _agent = agent;
        KeyFile = Path.Combine(folder, "ca_key");
        AgentSocket = Path.Combine(folder, "agent.sock");
    }

    public string KeyFile { get; }

    public string PublicKeyFile => KeyFile + ".pub";

    public string AgentSocket { get; }

    public static async Task<TestCa> Start(string folder)
    {
        Directory.CreateDirectory(folder);
        var start = new ProcessStartInfo("ssh-agent", ["-D", "-a", Path.Combine(folder, "agent.sock")]) { RedirectStandardOutput = true };
        var agent = Process.Start(start)!;
        // It prints its variables once it listens.
        await agent.StandardOutput.ReadLineAsync();
        var ca = new TestCa(folder, agent);
        await Shell.Run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", ca.KeyFile]);
        await Shell.Run("ssh-add", ["-q", ca.KeyFile], "", ("SSH_AUTH_SOCK", ca.AgentSocket));
        return ca;
    }

    public void Dispose()
    {
        _agent.Kill();
        _agent.WaitForExit();
        _agent.Dispose();
    }
}

using System.Diagnostics;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>A private ssh-agent with a node's key and certificate, as WalT's nodes have one.</summary>
internal sealed class SshAgent : IDisposable
{
    private readonly Process _agent;

    private SshAgent(Process agent, string socket) => (_agent, Socket) = (agent, socket);

    /// <summary>Path of its socket.</summary>
    public string Socket { get; }

    /// <summary>Starts it and gives it the key of an accepted node.</summary>
    public static async Task<SshAgent> Start(TestNode node)
    {
        var agent = new SshAgent(Tool.Start("ssh-agent", "-D", "-a", node.File("agent.sock")), node.File("agent.sock"));
        await Eventually.Holds("the agent listens", () => File.Exists(agent.Socket));
        // ssh-add(1) takes the certificate of this name along.
        File.Copy(node.File("certificate.pub"), node.KeyFile + "-cert.pub");
        await Tool.Succeed("env", $"SSH_AUTH_SOCK={agent.Socket}", "ssh-add", "-q", node.KeyFile);
        return agent;
    }

    public void Dispose()
    {
        _agent.Kill();
        _agent.WaitForExit();
        _agent.Dispose();
    }
}

using WaltVpn.Linux;

namespace WaltVpn.Agent;

/// <summary>The process that does the node's work, as PID 1 sees it: its child, which goes on when PID 1 becomes another program.</summary>
internal sealed class NodeProcess : IDisposable
{
    /// <summary>The argument that makes the program this process.</summary>
    public const string Argument = "node";

    /// <summary>Leads an order to start a root's init; its path follows.</summary>
    private const string SwitchRootOrder = "switch-root ";

    // systemd spares what is called so when it shuts down: systemd.io/ROOT_STORAGE_DAEMONS.
    private const string Name = "@waltvpn-agent";
    private const string Program = "/bin/waltvpn-agent";
    private const int SIGTERM = 15;
    private const int StandardOutput = 1;
    private const int LongestOrder = 4096;

    private readonly ChildProcess _process;
    private readonly FileDescriptor _orders;

    private NodeProcess(ChildProcess process, FileDescriptor orders) => (_process, _orders) = (process, orders);

    /// <summary>Starts it.</summary>
    public static NodeProcess Start()
    {
        var (reader, writer) = FileDescriptor.Pipe();
        using (writer)
            return new NodeProcess(ChildProcess.Start(Program, [Argument], ["PATH=/sbin:/usr/bin:/bin"], standardOutput: writer, name: Name), reader);
    }

    /// <summary>Tells PID 1, from within the node process, to start a root's init.</summary>
    public static void OrderSwitchRoot(string init) =>
        FileDescriptor.Inherited(StandardOutput).Write(System.Text.Encoding.UTF8.GetBytes(SwitchRootOrder + init));

    /// <summary>Becomes the node process anew, from within it, after an error that must not cost the operating system its tunnel.</summary>
    /// <param name="arguments">What it has to know.</param>
    public static void StartAgain(params string[] arguments)
    {
        ChildProcess.EndAll();
        Exec.Again(Program, [Name, Argument, .. arguments]);
    }

    /// <summary>Waits for its order.</summary>
    /// <returns>Path of the init to start; null: it has ended.</returns>
    public string? NextOrder()
    {
        var buffer = new byte[LongestOrder];
        // One short write comes whole.
        var text = System.Text.Encoding.UTF8.GetString(buffer, 0, _orders.Read(buffer));
        return text.StartsWith(SwitchRootOrder, StringComparison.Ordinal) ? text[SwitchRootOrder.Length..] : null;
    }

    /// <summary>Asks it to end, in order.</summary>
    public void Stop() => _process.Kill(SIGTERM);

    /// <summary>Waits for its end.</summary>
    public ExitStatus Exited() => _process.Exited.GetAwaiter().GetResult();

    /// <inheritdoc/>
    public void Dispose() => _orders.Dispose();
}

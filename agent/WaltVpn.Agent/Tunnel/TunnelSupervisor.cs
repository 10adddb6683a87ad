using WaltVpn.Agent.Enrollment;
using WaltVpn.Linux;
using WaltVpn.Protocol;
using WaltVpn.Tunnel;

namespace WaltVpn.Agent.Tunnel;

/// <summary>Keeps the tunnel up for the whole life of the node: one TAP, and one ssh after the other behind it.</summary>
/// <remarks>A tunnel that breaks never reboots the node, and the TAP keeps its address, so connections through it live on.</remarks>
internal sealed class TunnelSupervisor : IDisposable
{
    /// <summary>Name of the node's end on the platform's network, WalT's.</summary>
    public const string InterfaceName = "walt-vpn";

    // A session that lasted this long was a working tunnel: the next attempt takes its entrypoint again, and begins with the shortest wait.
    private static readonly TimeSpan Working = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ForLastWords = TimeSpan.FromSeconds(2);
    // What a change of the way out does to a session shows within this time.
    private static readonly TimeSpan ForEffect = TimeSpan.FromMinutes(1);
    private const int PipeSize = 1 << 20;

    private readonly FileDescriptor _tap;
    private readonly EnrollmentClient _enrollment;
    private readonly EntrypointRotation _entrypoints;
    private readonly INodeLog _log;
    private readonly KnownVersions _versions;
    private readonly TaskCompletionSource _firstUp = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly Lock _hurryGate = new();
    private TaskCompletionSource _hurry = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _hurriedAt;
    private volatile NodeIdentity _identity;
    private volatile SshProcess? _ssh;
    private volatile bool _isPlug;
    private volatile TunnelConversation? _conversation;

    private TunnelSupervisor(FileDescriptor tap, NodeIdentity identity, EnrollmentClient enrollment, EntrypointRotation entrypoints, INodeLog log)
    {
        (_tap, _identity, _enrollment, _entrypoints, _log) = (tap, identity, enrollment, entrypoints, log);
        _versions = new KnownVersions(log, TimeProvider.System);
    }

    /// <summary>The tunnel came up again after it was broken. Raised on a pool thread.</summary>
    public event Action? Rebuilt;

    /// <summary>The platform gave the node another identity: the TAP is another station now. Raised on a pool thread.</summary>
    public event Action? Readdressed;

    /// <summary>The server said a word through the tunnel, beside the frames. Raised in the pump's thread, which must not wait.</summary>
    public event Action<TunnelControl>? Told;

    /// <summary>Who the node is on the platform's network now.</summary>
    public NodeIdentity Identity => _identity;

    /// <summary>Completes when the tunnel is up for the first time.</summary>
    public Task FirstUp => _firstUp.Task;

    /// <summary>Ends when the machine goes down, or with a bug.</summary>
    public Task Running { get; private set; } = Task.CompletedTask;

    /// <summary>Makes the TAP and starts to connect.</summary>
    /// <param name="key">The node's.</param>
    /// <param name="identity">Its VPN MAC becomes the TAP's.</param>
    /// <param name="enrollment">Asked again when the server refuses the identity.</param>
    /// <param name="entrypoints">Where to connect.</param>
    /// <param name="log">Why it broke, and when it is up.</param>
    /// <param name="stopping">Ends the current ssh, and the supervisor.</param>
    /// <exception cref="ErrnoException">The TAP cannot be made.</exception>
    public static TunnelSupervisor Start(
        NodeKey key, NodeIdentity identity, EnrollmentClient enrollment, EntrypointRotation entrypoints, INodeLog log, CancellationToken stopping)
    {
        var supervisor = new TunnelSupervisor(Tap.Open(InterfaceName, frames: TapFrames.WithHeader), identity, enrollment, entrypoints, log);
        supervisor.Use(key, identity);
        using var kernel = new Rtnetlink();
        kernel.SetMtu(InterfaceName, TunnelFrame.Mtu);
        kernel.LinkUp(InterfaceName);
        supervisor.Running = supervisor.Run(key, stopping);
        return supervisor;
    }

    /// <summary>The way out is there again: nothing to wait for any more.</summary>
    /// <param name="moved">The node has another address on it; the ssh that runs cannot know and would take its time to notice.</param>
    public void ConnectNow(bool moved)
    {
        lock (_hurryGate)
        {
            _hurriedAt = TimeProvider.System.GetTimestamp();
            _hurry.TrySetResult();
        }

        if (moved) _ssh?.Kill();
    }

    /// <summary>The node's station is a guest behind the TAP from now on: the TAP itself is a plug, with an address of its own.</summary>
    /// <param name="own">Any that no station has.</param>
    public void BecomePlug(MacAddress own)
    {
        _isPlug = true;
        SetMac(own);
    }

    /// <summary>The node has another certificate, which its next session uses; the one that is up is not touched.</summary>
    /// <param name="key">The node's.</param>
    /// <param name="identity">With the VPN MAC that the TAP has.</param>
    public void Renew(NodeKey key, NodeIdentity identity)
    {
        if (identity.VpnMac != _identity.VpnMac) throw new ArgumentException($"the TAP is {_identity.VpnMac}, not {identity.VpnMac}", nameof(identity));
        SshConfig.AddTunnel(key.PrivateKeyPath, identity);
        _identity = identity;
        _log.Info(BootStage.Tunnel, "the next session uses the new certificate");
    }

    /// <summary>Says a word to the server, beside the frames.</summary>
    /// <returns>False: there is no tunnel now, or its server takes no words of nodes.</returns>
    public bool TryTell(TunnelControl word)
    {
        try
        {
            return _conversation is { HearsReports: true } conversation && conversation.TryTell(word);
        }
        catch (Exception ended) when (ended is ObjectDisposedException or ErrnoException)
        {
            // The session ends at this moment.
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _tap.Dispose();

    private async Task Run(NodeKey key, CancellationToken stopping)
    {
        var backoff = new Backoff();
        while (!stopping.IsCancellationRequested)
        {
            var way = _entrypoints.Next();
            var (reason, lasted, keyRefused) = await Session(way, stopping);
            if (stopping.IsCancellationRequested) return;
            if (lasted >= Working)
            {
                backoff.Reset();
                _entrypoints.KeepLast();
                CalmDown(unlessWithin: ForEffect);
            }

            var wait = backoff.Next();
            if (keyRefused) wait = await AskAgain(key, way).WaitAsync(stopping) ?? wait;
            _log.Retry(BootStage.Tunnel, $"{way}: {reason}. Connecting again in {StageRunner.Seconds(wait)}.");
            var hurry = Hurry();
            if (await Task.WhenAny(hurry, Task.Delay(wait, stopping)) != hurry) continue;
            CalmDown(unlessWithin: TimeSpan.Zero);
            backoff.Reset();
        }
    }

    private Task Hurry()
    {
        lock (_hurryGate) return _hurry.Task;
    }

    // A session that outlived the blink that hurried it: when it breaks later, the node waits its turn like all others.
    private void CalmDown(TimeSpan unlessWithin)
    {
        lock (_hurryGate)
        {
            if (!_hurry.Task.IsCompleted || TimeProvider.System.GetElapsedTime(_hurriedAt) < unlessWithin) return;
            _hurry = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>
    /// A certificate is refused when its life is over or it was taken back. The platform says which, and gives the same key another one where it may.
    /// </summary>
    /// <returns>How long the platform asks to wait; null when it does not ask.</returns>
    private async Task<TimeSpan?> AskAgain(NodeKey key, WayIn way)
    {
        try
        {
            var former = _identity;
            var (_, identity) = await _enrollment.Ask(way, key);
            if (identity == former) return null;
            Use(key, identity);
            if (identity.VpnMac != former.VpnMac) Readdressed?.Invoke();
            _log.Info(BootStage.Tunnel, $"{way} gave a new certificate; this node is {identity.Name}, {identity.VpnMac}");
            return null;
        }
        catch (StageException answer)
        {
            _log.Warning(BootStage.Tunnel, $"asked again: {answer.Message}");
            return answer.RetryAfter is { } asked ? Backoff.AtLeast(asked) : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _log.Warning(BootStage.Tunnel, $"could not ask again: {failure.Message}.");
            return null;
        }
    }

    private void Use(NodeKey key, NodeIdentity identity)
    {
        SshConfig.AddTunnel(key.PrivateKeyPath, identity);
        _identity = identity;
        if (!_isPlug) SetMac(identity.VpnMac);
    }

    private static void SetMac(MacAddress address)
    {
        Span<byte> bytes = stackalloc byte[MacAddress.Length];
        address.CopyTo(bytes);
        using var kernel = new Rtnetlink();
        kernel.SetMacAddress(InterfaceName, bytes);
    }

    /// <summary>One ssh from start to end; returns why it ended, and for how long the server had let us in.</summary>
    private async Task<(string Reason, TimeSpan Lasted, bool KeyRefused)> Session(WayIn way, CancellationToken stopping)
    {
        try
        {
            var options = _versions.Ask(way);
            using var ssh = _ssh = SshProcess.Start(SshConfig.Tunnel, way, command: options.Version2 ? TunnelCommand.Version2 : null);
            await using var killing = stopping.Register(ssh.Kill);
            // Large pipes: a whole batch of frames goes in one write.
            (ssh.Input.PipeSize, ssh.Output.PipeSize) = (PipeSize, PipeSize);
            // What the last session took from the TAP in large frames, this one may not.
            Tap.SetLargeFrames(_tap, large: false);
            // Before that nobody is there to hear frames, or to make an offer.
            if (await Task.WhenAny(ssh.Connected) is { IsCanceled: true }) return ($"no tunnel; {await LastWords(ssh)}", TimeSpan.Zero, ssh.KeyRefused);
            Up(way);
            using var pump = Pump(ssh, options);
            _conversation = pump.Conversation;
            var end = await pump.Start().Completion;
            var words = await LastWords(ssh);
            NoteVersion(way, options, pump.Conversation, ssh);
            return ($"{end.Reason}; {words}", ssh.ConnectedFor ?? TimeSpan.Zero, false);
        }
        catch (ErrnoException failure)
        {
            return (failure.Message, TimeSpan.Zero, false);
        }
        finally
        {
            _conversation = null;
        }
    }

    private FramePump Pump(SshProcess ssh, TunnelOptions options)
    {
        var pump = FramePump.Prepare(_tap, ssh.Output, ssh.Input, options);
        pump.Conversation.Told += word => Told?.Invoke(word);
        pump.Switched += () =>
        {
            Tap.SetLargeFrames(_tap, pump.Conversation.SendsLargeFrames);
            _log.Info(BootStage.Tunnel, $"version {pump.Conversation.Version} of the tunnel");
        };
        return pump;
    }

    private void NoteVersion(WayIn way, TunnelOptions asked, TunnelConversation conversation, SshProcess ssh)
    {
        if (conversation.Version == 2) _versions.SpokeVersion2(way);
        else if (!asked.Version2) return;
        else if (conversation.HasHeard) _versions.StayedInVersion0(way, KnownVersion.Silent);
        else if (ssh.CommandRefused) _versions.StayedInVersion0(way, KnownVersion.Refuses);
    }

    // When the stream is closed, ssh is about to say why.
    private static async Task<string> LastWords(SshProcess ssh)
    {
        var reason = ssh.Reason();
        if (await Task.WhenAny(reason, Task.Delay(ForLastWords)) != reason) ssh.Kill();
        return await reason;
    }

    private void Up(WayIn way)
    {
        _log.Info(BootStage.Tunnel, $"up through {way}");
        if (!_firstUp.TrySetResult()) Rebuilt?.Invoke();
    }
}

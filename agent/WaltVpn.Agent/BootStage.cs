namespace WaltVpn.Agent;

/// <summary>Where a boot stands. Each stage's product is what the next one starts from.</summary>
/// <remarks>
/// <code>
///  Startup ──▶ Network ──▶ Enrollment ──▶ BootFiles ──▶ Tunnel ──▶ Online ──▶ HandOff
///  card        link, IP    identity       the signed    ssh up     address on  the root the platform names, if it names one;
///                                         image, kexec             its network then the node's own operating system runs
///
///  any stage ──▶ Shutdown   (Ctrl-Alt-Del, SIGTERM)      beside Online and HandOff: Settings, what the server says now
/// </code>
/// A stage that fails is tried again, with back-off, for ever; it never falls back to an earlier one: links and addresses
/// that come and go are followed in the background, and a tunnel that breaks is rebuilt under the stage Online, or beside the operating system.
/// </remarks>
internal enum BootStage
{
    Startup,
    Network,
    Enrollment,

    /// <summary>Of a card whose settings name a boot server: the node starts anew in the image that it gives. Passed at once otherwise.</summary>
    BootFiles,

    Tunnel,
    Online,
    HandOff,

    /// <summary>Runs beside the others once the tunnel is up: the word in the log only.</summary>
    Settings,
    Shutdown,
}

namespace WaltVpn.Agent;

/// <summary>Where a boot stands. Each stage's product is what the next one starts from.</summary>
/// <remarks>
/// <code>
///  Startup ──▶ Network ──▶ Enrollment ──▶ BootFiles ──▶ Settings ──▶ Tunnel ──▶ Online ──▶ HandOff
///  card        link, IP    identity       the signed    the server's  ssh up     address on  the root the platform names, if it names one;
///                                         image, kexec                           its network then the node's own operating system runs
///
///  any stage ──▶ Shutdown   (Ctrl-Alt-Del, SIGTERM)
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

    /// <summary>The one that is tried once only: a node whose server does not tell its settings goes on with those it has.</summary>
    Settings,
    Tunnel,
    Online,
    HandOff,
    Shutdown,
}

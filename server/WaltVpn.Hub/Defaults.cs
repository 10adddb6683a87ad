namespace WaltVpn.Hub;

/// <summary>Where things are on a server, unless an option says otherwise.</summary>
internal static class Defaults
{
    /// <summary>The hub's sockets.</summary>
    public const string RuntimeDirectory = "/run/waltvpn-hub";

    /// <summary>The daemon answers logins here.</summary>
    public const string LoginSocket = "/run/waltvpn/login.sock";

    /// <summary>The daemon enrols nodes here.</summary>
    public const string EnrollSocket = "/run/waltvpn/enroll.sock";
}

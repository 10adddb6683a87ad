using WaltVpn.Protocol;

namespace WaltVpn.Cli.Config;

/// <summary>The names that operators use for settings: the daemon's, and WalT's where they mean the same.</summary>
internal static class SettingKey
{
    /// <summary>Finds the setting of a name.</summary>
    /// <exception cref="CliException">There is none; the message names the nearest.</exception>
    public static SettingView Find(IReadOnlyList<SettingView> settings, string name)
    {
        if (name == "vpn.enabled")
            throw new CliException(ExitCode.Usage, "there is no such setting: the daemon runs or it does not. Type: sudo systemctl enable --now waltvpn-hub waltvpnd");
        var key = name switch
        {
            "vpn.ssh-entrypoint" => "sshEntrypoints",
            "vpn.http-entrypoint" => "http.entrypoint",
            "vpn.boot-mode" => "bootMode",
            _ => name,
        };
        if (settings.FirstOrDefault(setting => setting.Key == key) is { } found) return found;
        var near = settings.Select(setting => setting.Key).Where(known => known.Contains(name, StringComparison.OrdinalIgnoreCase)
            || string.Equals(known.Split('.')[^1], name.Split('.')[^1], StringComparison.OrdinalIgnoreCase)).ToList();
        throw new CliException(
            ExitCode.NotFound,
            $"there is no setting '{TerminalText.Plain(name)}'. {(near.Count > 0 ? $"Do you mean {string.Join(" or ", near)}?" : "List them with: waltvpn config show")}");
    }
}

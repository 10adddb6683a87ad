using WaltVpn.Protocol;

namespace WaltVpn.Server.Following;

/// <summary>A host key of this machine's sshd, as nodes pin it.</summary>
internal static class ServerHostKey
{
    /// <summary>Reads the first key of a .pub file; its comment is dropped.</summary>
    /// <returns><c>type base64</c>.</returns>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="FormatException">It holds no key of a kind that nodes take.</exception>
    public static string Load(string file)
    {
        var line = string.Join(' ', File.ReadAllText(file).Split([' ', '\n'], 3).Take(2));
        return HostKeyLine.IsUsable(line) ? line : throw new FormatException($"{file}: no host key that nodes take; expected {HostKeyLine.Form}");
    }
}

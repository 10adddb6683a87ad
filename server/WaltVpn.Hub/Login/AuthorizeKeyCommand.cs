using WaltVpn.Protocol;

namespace WaltVpn.Hub.Login;

/// <summary><c>waltvpn-hub authorize-key %t %k</c>: sshd's AuthorizedKeysCommand. Admits the enrolment key, to the enrolment conversation only.</summary>
internal static class AuthorizeKeyCommand
{
    /// <param name="arguments">Type and base64 blob of the key, then options.</param>
    /// <returns>Exit status.</returns>
    public static int Run(Arguments arguments)
    {
        var type = arguments.Word("the key's type");
        var base64 = arguments.Word("the key");
        var loginSocket = arguments.PathOption("login-socket");
        var enrollSocket = arguments.PathOption("enroll-socket");
        arguments.ExpectEnd();

        // Checked before it is asked about: other kinds of key never reach the daemon.
        var enroll = AuthorizedLine.Carry("enroll-socket", enrollSocket);
        if (AuthorizedLine.ForKey(type, base64, AuthorizedLine.ProgramPath(), enroll) is not { } line) return ExitCode.Failure;
        var request = new LoginRequest { Kind = LoginKind.Key, PublicKey = $"{type} {base64}" };
        return LoginSocket.Ask(loginSocket ?? Defaults.LoginSocket, request) is { Allowed: true } ? AuthorizedLine.Print(line) : ExitCode.Failure;
    }
}

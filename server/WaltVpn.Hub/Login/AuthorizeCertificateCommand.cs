using System.Globalization;
using WaltVpn.Protocol;

namespace WaltVpn.Hub.Login;

/// <summary>
/// <c>waltvpn-hub authorize-certificate %i %s %k</c>: sshd's AuthorizedPrincipalsCommand. Asks the daemon at every login
/// (docs/security.md CERT-7, SSH-5).
/// </summary>
internal static class AuthorizeCertificateCommand
{
    /// <param name="arguments">Key id, serial and blob of the certificate, as sshd checked them, then options.</param>
    /// <returns>Exit status.</returns>
    public static int Run(Arguments arguments)
    {
        var keyId = arguments.Word("the certificate's key id");
        var serial = arguments.Word("the certificate's serial");
        var certificate = arguments.Word("the certificate");
        var loginSocket = arguments.PathOption("login-socket");
        var runtime = arguments.PathOption("runtime-directory");
        arguments.ExpectEnd();
        if (!ulong.TryParse(serial, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            throw new UsageException("the certificate's serial is a number");

        var request = new LoginRequest { Kind = LoginKind.Certificate, KeyId = keyId, Serial = number, Certificate = certificate };
        if (LoginSocket.Ask(loginSocket ?? Defaults.LoginSocket, request) is not { } answer) return ExitCode.Failure;
        var options = AuthorizedLine.Carry("runtime-directory", runtime) + AuthorizedLine.Carry("login-socket", loginSocket);
        return AuthorizedLine.Print(AuthorizedLine.ForCertificate(answer, AuthorizedLine.ProgramPath(), options));
    }
}

using System.Text;
using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Hub.Login;

/// <summary>The line that sshd reads from the helpers: authorized_keys(5) options with a forced command. Nothing that is not checked ever reaches it.</summary>
internal static class AuthorizedLine
{
    private const string PrincipalPrefix = "waltvpn:";

    /// <summary>Text of the line for an admitted certificate; null when the answer is no ticket and principal of ours.</summary>
    public static string? ForCertificate(LoginAnswer answer, string program, string options)
    {
        if (!answer.Allowed || answer.Ticket is not { } ticket || answer.Principal is not { } principal) return null;
        if (!Serve.TicketBook.IsTicket(ticket) || !principal.StartsWith(PrincipalPrefix, StringComparison.Ordinal)) return null;
        // A node id has the form of a ticket.
        if (!Serve.TicketBook.IsTicket(principal.AsSpan(PrincipalPrefix.Length))) return null;
        return $"restrict,command=\"{program} connect {ticket}{options}\" {principal}\n";
    }

    /// <summary>Text of the line for the enrolment key; null when it is no plain Ed25519 key.</summary>
    public static string? ForKey(string type, string base64, string program, string options) =>
        IsEd25519(type, base64) ? $"restrict,command=\"{program} enroll{options}\" {type} {base64}\n" : null;

    /// <summary>Path of this program, for a forced command.</summary>
    /// <exception cref="UsageException">The path holds a character that a shell would read in its own way.</exception>
    public static string ProgramPath() =>
        Environment.ProcessPath is { } path && Arguments.IsPlainPath(path)
            ? path
            : throw new UsageException("this program must be at a path of letters, digits and . _ - /");

    /// <summary>An option to carry on, with a space in front; empty when it was not given.</summary>
    public static string Carry(string name, string? path) => path is null ? "" : $" --{name} {path}";

    /// <summary>Prints the line for sshd.</summary>
    /// <returns>Exit status: without a line a failure.</returns>
    public static int Print(string? line)
    {
        if (line is null) return ExitCode.Failure;
        FileDescriptor.Inherited(1).Write(Encoding.ASCII.GetBytes(line));
        return ExitCode.Success;
    }

    // RFC 8709: string "ssh-ed25519", string of 32 bytes; base64 in its one canonical form (RFC 4648 section 3.5).
    private static bool IsEd25519(string type, string base64)
    {
        Span<byte> blob = stackalloc byte[51];
        return type == "ssh-ed25519" && base64.Length == 68
            && Convert.TryFromBase64String(base64, blob, out var length) && length == blob.Length
            && Convert.ToBase64String(blob) == base64
            && blob.StartsWith("\0\0\0\x0Bssh-ed25519\0\0\0\x20"u8);
    }
}

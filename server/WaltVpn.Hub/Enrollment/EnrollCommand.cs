using System.Net;
using System.Text;
using WaltVpn.Linux;

namespace WaltVpn.Hub.Enrollment;

/// <summary><c>waltvpn-hub enroll</c>: the forced command of the enrolment key. docs/protocol.md "Enrolment relay": bytes both ways, nothing else.</summary>
internal static class EnrollCommand
{
    /// <param name="arguments">Options.</param>
    /// <returns>Exit status.</returns>
    public static int Run(Arguments arguments)
    {
        var path = arguments.Option("enroll-socket", Defaults.EnrollSocket);
        arguments.ExpectEnd();
        if (Addresses(Environment.GetEnvironmentVariable("SSH_CONNECTION")) is not { } addresses)
        {
            Log.Plain("waltvpn-hub: enroll runs in an SSH session only: SSH_CONNECTION names no addresses");
            return ExitCode.Failure;
        }

        using var daemon = UnixSocket.Connect(path);
        daemon.Write(Encoding.ASCII.GetBytes(addresses));
        Relay(FileDescriptor.Inherited(0), FileDescriptor.Inherited(1), daemon);
        return ExitCode.Success;
    }

    /// <summary>The line for the daemon, from "client port server port"; null when these are no addresses.</summary>
    internal static string? Addresses(string? connection) =>
        connection?.Split(' ') is [var client, _, var server, _] && IPAddress.TryParse(client, out var from) && IPAddress.TryParse(server, out var to)
            ? $"{from} {to}\n"
            : null;

    // Ends when the daemon closes: it has the last word, and gives up by itself on a node that says nothing.
    private static void Relay(FileDescriptor input, FileDescriptor output, FileDescriptor daemon)
    {
        var buffer = new byte[4096];
        using var both = new Poll((daemon, PollEvents.POLLIN), (input, PollEvents.POLLIN));
        using var daemonOnly = new Poll((daemon, PollEvents.POLLIN));
        var inputOpen = true;
        while (true)
        {
            var poll = inputOpen ? both : daemonOnly;
            poll.Wait();
            if (poll[0] != PollEvents.None)
            {
                var count = daemon.Read(buffer);
                if (count == 0) return;
                output.Write(buffer.AsSpan(0, count));
            }

            if (!inputOpen || both[1] == PollEvents.None) continue;
            var typed = input.Read(buffer);
            if (typed > 0)
            {
                daemon.Write(buffer.AsSpan(0, typed));
                continue;
            }

            inputOpen = false;
            UnixSocket.EndSending(daemon);
        }
    }
}

using System.Text;
using WaltVpn.Agent.OpenSsh;
using WaltVpn.Agent.WaltHttp;
using WaltVpn.Linux;

namespace WaltVpn.Agent.Reconcile;

/// <summary>The host keys a server shows at its SSH port, unverified, as WalT's nodes learn them: no better than the plain HTTP beside it, and
/// used only where the operator chose WalT's server.</summary>
internal static class HostKeyScan
{
    private const string SshKeyscan = "/usr/bin/ssh-keyscan";
    private const int SIGKILL = 9;
    private static readonly TimeSpan _deadline = TimeSpan.FromSeconds(45);

    /// <summary>Asks once.</summary>
    /// <param name="host">A name or an address; it starts with no hyphen.</param>
    /// <exception cref="HttpException">No key, within the deadline.</exception>
    public static async Task<IReadOnlyList<HostKey>> Run(string host, CancellationToken stopping)
    {
        var (reader, writer) = FileDescriptor.Pipe();
        using var output = reader;
        ChildProcess scan;
        using (writer) scan = ChildProcess.Start(SshKeyscan, ["-T", "10", host], ["PATH=/usr/bin:/bin"], standardOutput: writer);
        try
        {
            // Ends with the process, which the deadline ends.
            var text = await Task.Run(() => ReadAll(output), stopping).WaitAsync(_deadline, stopping);
            await scan.Exited;
            var keys = KnownHosts.Read(text, [host]);
            return keys.Count > 0 ? keys : throw new HttpException($"ssh-keyscan {host}: no host key; does the server answer SSH at port 22?");
        }
        catch (TimeoutException)
        {
            throw new HttpException($"ssh-keyscan {host}: no answer within {_deadline.TotalSeconds:0} s");
        }
        catch (FormatException mistake)
        {
            throw new HttpException($"ssh-keyscan {host}: {mistake.Message}");
        }
        finally
        {
            scan.Kill(SIGKILL);
        }
    }

    private static string ReadAll(FileDescriptor output)
    {
        var buffer = new byte[HttpAnswer.MaxBody];
        var length = 0;
        for (int got; length < buffer.Length && (got = output.Read(buffer.AsSpan(length))) > 0;) length += got;
        return Encoding.Latin1.GetString(buffer, 0, length);
    }
}

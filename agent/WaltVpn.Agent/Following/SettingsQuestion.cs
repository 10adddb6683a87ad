using WaltVpn.Agent.Tunnel;
using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Following;

/// <summary>Asks the server for this node's settings, over SSH: with the node's certificate, and only a server that shows a pinned key.</summary>
/// <remarks>docs/protocol.md "Settings document", docs/security.md NODE-4.</remarks>
/// <param name="directory">Of the ssh configuration (<see cref="SshConfig"/>).</param>
internal sealed class SettingsQuestion(string directory = SshConfig.DefaultDirectory)
{
    // ssh gives up on a place that does not answer after 10 s; the server answers within 5.
    private static readonly TimeSpan ForAnswer = TimeSpan.FromSeconds(30);

    /// <summary>Tries each way once, until one answers.</summary>
    /// <param name="ways">Left at the one that answered.</param>
    /// <param name="failed">Told what went wrong with a way.</param>
    /// <param name="stopping">Ends the attempts.</param>
    /// <exception cref="StageException">None answered, or the server does not let the node in, which it would not elsewhere either.</exception>
    public async Task<SettingsAnswer> Ask(EntrypointRotation ways, Action<string> failed, CancellationToken stopping)
    {
        for (var attempt = 1; attempt <= ways.Count; attempt++)
        {
            var way = ways.Next();
            try
            {
                var answer = await Ask(way, stopping);
                ways.KeepLast();
                return answer;
            }
            catch (StageException failure) when (failure is not KeyRefusedException)
            {
                failed(failure.Message);
            }
        }

        throw new StageException("no server told this node its settings.");
    }

    private async Task<SettingsAnswer> Ask(WayIn way, CancellationToken stopping)
    {
        using var ssh = SshProcess.Start(SshConfig.Settings, way, directory);
        string failure;
        try
        {
            var line = await ssh.ReadLine(SettingsDocument.MaxLength).WaitAsync(ForAnswer, stopping);
            if (line.Length > 0) return new SettingsAnswer(way, SettingsDocument.Parse(line.AsSpan(0, line.Length - 1)), line.AsMemory(0, line.Length - 1));
            failure = await ssh.Reason().WaitAsync(ForAnswer, stopping);
        }
        catch (TimeoutException)
        {
            failure = $"no answer within {ForAnswer.TotalSeconds:0} s";
        }
        catch (Exception mistake) when (mistake is FormatException or InvalidDataException)
        {
            failure = $"an answer that is no settings document: {mistake.Message}";
        }
        catch (ErrnoException broken)
        {
            failure = broken.Message;
        }

        throw ssh.KeyRefused ? new KeyRefusedException($"{way}: {failure}.") : new StageException($"{way}: {failure}.");
    }
}

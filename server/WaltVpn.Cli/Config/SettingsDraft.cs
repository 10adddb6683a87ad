using System.Diagnostics;
using WaltVpn.Cli.Entrypoints;
using WaltVpn.Protocol;

namespace WaltVpn.Cli.Config;

/// <summary>A changed server.yaml beside the one that holds: checked and tried first, then put in its place at once. Disposed, it is gone.</summary>
internal sealed class SettingsDraft : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _path;
    private readonly string _before;

    private SettingsDraft(string path, string before) => (_path, _before, Draft) = (path, before, $"{path}.{System.IO.Path.GetRandomFileName()}");

    /// <summary>Where the changed text lies.</summary>
    public string Draft { get; }

    /// <summary>Reads the file that holds.</summary>
    /// <exception cref="CliException">It cannot be read.</exception>
    public static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Failed, $"cannot read the settings: {e.Message} server/packaging/install puts server.yaml into /etc/waltvpn; --config names another.");
        }
    }

    /// <summary>Writes a text beside the file.</summary>
    /// <param name="path">The file that holds.</param>
    /// <param name="before">What it said when the change was begun.</param>
    /// <param name="text">What it is to say.</param>
    /// <exception cref="CliException">The folder cannot be written to.</exception>
    public static SettingsDraft Of(string path, string before, string text)
    {
        // The file itself, where the name is a link to it.
        var draft = new SettingsDraft(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path, before);
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
            using var file = new FileStream(draft.Draft, options);
            file.Write(System.Text.Encoding.UTF8.GetBytes(text));
            file.Flush(flushToDisk: true);
            return draft;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Failed, $"cannot change {TerminalText.Plain(path)}: {e.Message} Is this root? Type: sudo waltvpn config …");
        }
    }

    /// <summary>What is wrong with it, with line and key; null: it can be used.</summary>
    public async Task<string?> Fault() => (await SettingsJudge.Fault(Draft))?.Replace(Draft, _path, StringComparison.Ordinal);

    /// <summary>Tries the entrypoints that are new in it (WalT's set-up did so too).</summary>
    /// <returns>What was found.</returns>
    /// <exception cref="CliException">One does not lead to this server, or the server cannot be asked.</exception>
    public async Task<IReadOnlyList<EntrypointTest>> TryEntrypoints(ServerConnection server, CancellationToken cancel)
    {
        try
        {
            return await Try(server, cancel);
        }
        catch (CliException e) when (e.ExitCode == ExitCode.ServerNotReachable)
        {
            throw new CliException(e.ExitCode, $"{e.Message}. A new entrypoint is tried with the daemon's help: start it, or leave the try out with --no-test. Nothing was changed.");
        }
    }

    private async Task<IReadOnlyList<EntrypointTest>> Try(ServerConnection server, CancellationToken cancel)
    {
        // Broken until now: there is nothing to compare with, and no daemon that could help.
        if (await SettingsJudge.Fault(_path) is not null) return [];
        var (before, after) = (await SettingsJudge.Settings(_path), await SettingsJudge.Settings(Draft));
        List<EntrypointTest> tests = [];
        foreach (var entrypoint in New(before, after, "sshEntrypoints"))
        {
            var settings = await server.Get(Routes.NodeSettings, ProtocolJson.Default.NodeSettings, cancel);
            if (SshEntrypoint.TryParse(entrypoint, out var way)) tests.Add(await SshProbe.Try(way, settings, cancel));
        }

        foreach (var entrypoint in New(before, after, "http.entrypoint"))
        {
            var platform = await server.Get(Routes.Platform, ProtocolJson.Default.PlatformView, cancel);
            tests.Add(await HttpProbe.Try(entrypoint, platform.ServerName, cancel));
        }

        if (tests.FirstOrDefault(test => !test.Works) is { } wrong)
            throw new CliException(ExitCode.Refused, $"{wrong.Kind} entrypoint {wrong.Entrypoint}: {wrong.Finding.TrimEnd('.')} (nothing was changed; --no-test sets it all the same)");
        return tests;
    }

    /// <summary>Puts it in the place of the file, with that one's owner and mode.</summary>
    public void Commit()
    {
        try
        {
            if (File.ReadAllText(_path) != _before)
                throw new CliException(ExitCode.Refused, $"{TerminalText.Plain(_path)} was changed by somebody else meanwhile. Nothing was changed; type the command again.");
            if (Environment.IsPrivilegedProcess)
            {
                using var chown = Process.Start("chown", [$"--reference={_path}", "--", Draft]);
                chown.WaitForExit();
                if (chown.ExitCode != 0) throw new IOException($"chown failed with status {chown.ExitCode}");
            }

            File.SetUnixFileMode(Draft, File.GetUnixFileMode(_path));
            File.Move(Draft, _path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Failed, $"cannot replace {TerminalText.Plain(_path)}: {e.Message}");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => File.Delete(Draft);

    private static IEnumerable<string> New(IReadOnlyList<SettingView> before, IReadOnlyList<SettingView> after, string key) =>
        Values(after, key).Except(Values(before, key));

    private static IReadOnlyList<string> Values(IReadOnlyList<SettingView> settings, string key) =>
        settings.FirstOrDefault(setting => setting.Key == key)?.Values ?? [];
}

using System.Diagnostics;
using Xunit;

namespace WaltVpn.Server.Tests.Parts;

/// <summary>The sshd of a Debian: this machine's (Debian 12), or another one unpacked beside it (scripts/lib/sshd-root).</summary>
internal sealed class SshdProgram
{
    /// <summary>This machine's.</summary>
    public const string Bookworm = "bookworm";

    /// <summary>Debian 13: OpenSSH 10.0, whose sshd is three programs.</summary>
    public const string Trixie = "trixie";

    private readonly string[] _command;

    private SshdProgram(string[] command, string moreSettings) => (_command, MoreSettings) = (command, moreSettings);

    /// <summary>What this version needs to be told beside the test's settings.</summary>
    public string MoreSettings { get; }

    /// <param name="debian">One of the names above.</param>
    /// <param name="folder">The test's, below /run.</param>
    public static async Task<SshdProgram> Find(string debian, string folder)
    {
        if (debian == Bookworm) return new SshdProgram(["/usr/sbin/sshd"], "");
        var tar = RepositoryFolder.File($"artifacts/tests/sshd-{debian}.tar");
        Assert.SkipUnless(File.Exists(tar), $"{tar} is missing. Type: scripts/lib/sshd-root {tar} {debian}");
        // From 9.8 on, refusals would soon be punishments of the address they all come from, and no judgement of the next certificate.
        var program = new SshdProgram([RepositoryFolder.File("scripts/lib/sshd-in"), tar, folder], "PerSourcePenalties no");
        Assert.Contains("OpenSSH_1", await program.Run("-V"), StringComparison.Ordinal);
        return program;
    }

    /// <summary>Starts it; its standard error is the caller's to read.</summary>
    public Process Start(params string[] arguments) =>
        Process.Start(new ProcessStartInfo(_command[0], [.. _command[1..], .. arguments]) { RedirectStandardError = true })!;

    /// <summary>Runs it to its good end.</summary>
    /// <returns>All it printed.</returns>
    public Task<string> Run(params string[] arguments) => Shell.Run(_command[0], [.. _command[1..], .. arguments]);
}

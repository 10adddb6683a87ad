using System.Text;
using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using Xunit;

namespace WaltVpn.Integration.Tests.Namespaces;

/// <summary>Where private keys stand on a server that was used, and where not: docs/security.md NODE-1.</summary>
/// <remarks>Looked for in every file of the platform (programs' logs, sockets' folders, database), and in every process's arguments and environment.</remarks>
public sealed class SecretsTests(RunningPlatform platform) : PlatformTest(platform)
{
    private const UnixFileMode OfOthers = (UnixFileMode)0b000_111_111;

    [Fact]
    public async Task EachPrivateKeyStandsInItsOwnersFileAndNowhereElse()
    {
        var tunnel = await Online();
        var revoked = await NewNode();
        (await RunningPlatform.Cli("node", "revoke", revoked.Identity.Name, "--yes")).Status.ShouldBe(0);
        var (authority, enrollment) = (RunningPlatform.File("ca/ca_key"), RunningPlatform.File("state/enrollment_key"));

        Holders(authority).ShouldBe([authority]);
        Holders(enrollment).ShouldBe([enrollment]);
        Holders(tunnel.Node.File("node_key")).ShouldBeEmpty();
        Holders(revoked.File("node_key")).ShouldBeEmpty();
        foreach (var file in (string[])[authority, enrollment]) (File.GetUnixFileMode(file) & OfOthers).ShouldBe(UnixFileMode.None, file);
        // The search finds what is there: a copy inside a log line would be seen.
        var canary = RunningPlatform.File("log/canary");
        await File.WriteAllTextAsync(canary, $"key {Convert.ToBase64String([0, .. Seed(enrollment)])}\n", Cancellation);
        Holders(enrollment).ShouldBe([enrollment, canary], ignoreOrder: true);
        File.Delete(canary);
    }

    // Files of the platform, and processes' arguments and environments, in which the key stands in any of its forms.
    private static List<string> Holders(string keyFile)
    {
        var forms = Forms(Seed(keyFile));
        var files = Directory.EnumerateFiles(RunningPlatform.Folder, "*", SearchOption.AllDirectories)
            .Where(file => !file.StartsWith(RunningPlatform.File("bin/"), StringComparison.Ordinal));
        var processes = Directory.EnumerateDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _))
            .SelectMany(folder => (string[])[$"{folder}/cmdline", $"{folder}/environ"]);
        return [.. files.Concat(processes).Where(file => Read(file) is var bytes && forms.Any(form => bytes.AsSpan().IndexOf(form) >= 0))];
    }

    // The 32 secret bytes of an Ed25519 key (PROTOCOL.key of OpenSSH): before the public half's second copy, in a field of 64 bytes.
    private static byte[] Seed(string keyFile)
    {
        var blob = Convert.FromBase64String(string.Concat(File.ReadAllLines(keyFile).Where(line => !line.StartsWith('-'))));
        var field = blob.AsSpan().LastIndexOf((ReadOnlySpan<byte>)[0, 0, 0, 64]);
        field.ShouldBeGreaterThan(0);
        return blob[(field + 4)..(field + 36)];
    }

    // As it is, in hexadecimal digits, and in base64 at each of its three positions, less the digits that depend on what is beside it.
    private static List<byte[]> Forms(byte[] seed) =>
    [
        seed, Encoding.ASCII.GetBytes(Convert.ToHexString(seed)), Encoding.ASCII.GetBytes(Convert.ToHexStringLower(seed)),
        .. Enumerable.Range(0, 3).Select(shift => Encoding.ASCII.GetBytes(Convert.ToBase64String([.. new byte[shift], .. seed])[4..40])),
    ];

    // Line breaks taken out, real ones and those of JSON: base64 is broken into lines.
    private static byte[] Read(string file)
    {
        try
        {
            var bytes = File.ReadAllBytes(file);
            var inOneLine = Encoding.Latin1.GetString(bytes).Replace("\\n", "", StringComparison.Ordinal).ReplaceLineEndings("");
            return [.. bytes, .. Encoding.Latin1.GetBytes(inOneLine)];
        }
        catch (IOException)
        {
            // ENOENT, ESRCH: it ended meanwhile. ENXIO: a socket.
            return [];
        }
    }
}

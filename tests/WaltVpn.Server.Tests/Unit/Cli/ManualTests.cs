using Shouldly;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Cli;

/// <summary>Completion and man page, judged by the shells and by groff.</summary>
public sealed class ManualTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("waltvpn-").FullName;

    [Theory]
    [InlineData("waltvpn no", "node")]
    [InlineData("waltvpn node re", "rename revoke")]
    [InlineData("waltvpn entrypoint test ", "http ssh --help --socket")]
    [InlineData("waltvpn node list --ta", "--tag")]
    [InlineData("waltvpn --socket /x node list --a", "--all")]
    [InlineData("waltvpn node show list --o", "--output")]
    public async Task EachShellOffersWhatMayStandThere(string line, string expected)
    {
        foreach (var shell in (string[])["bash", "zsh", "fish"])
        {
            Assert.SkipUnless(File.Exists($"/usr/bin/{shell}"), $"needs {shell} (package {shell})");
            var script = Path.Combine(_folder, shell);
            await File.WriteAllTextAsync(script, await Waltvpn("completion", shell), TestContext.Current.CancellationToken);
            var output = await Ask(shell, script, line);
            var words = output.Split('\n').Select(offer => offer.Split('\t', ':')[0]).ToList();
            foreach (var word in expected.Split(' ')) words.ShouldContain(word, $"{shell}: {line}: {output}");
            // What cannot stand there is not offered.
            words.ShouldNotContain("monitor", shell);
        }
    }

    [Fact]
    public async Task ManPageHasEveryCommandAndGroffHasNothingToSay()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/groff"), "needs groff (package groff-base)");
        var page = Path.Combine(_folder, "waltvpn.1");
        await File.WriteAllTextAsync(page, await Waltvpn("man"), TestContext.Current.CancellationToken);
        // Warnings come on standard error, which Try gives along; the text alone is on standard output.
        (await Shell.Run("sh", ["-c", $"groff -man -Tascii -ww -z '{page}' 2>&1"])).ShouldBe("");
        var text = string.Join(' ', (await Shell.Run("sh", ["-c", $"groff -man -Tascii -P-cbou -rLL=200n '{page}'"])).Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
        string[] parts =
        [
            "waltvpn node list", "waltvpn request accept ID", "waltvpn entrypoint test ssh", "waltvpn setup-proxy", "--walt-compatible", "-o, --output FORMAT", "10 done, but",
            "Example: waltvpn node import boards.csv", "server.yaml",
        ];
        foreach (var part in parts) text.ShouldContain(part);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Task<string> Waltvpn(params string[] arguments) => Shell.Run("dotnet", [Path.Combine(AppContext.BaseDirectory, "waltvpn.dll"), .. arguments]);

    /// <summary>What the shell offers for the last word of a line.</summary>
    private static Task<string> Ask(string shell, string script, string line)
    {
        var count = line.Split(' ').Length;
        return shell switch
        {
            "bash" => Shell.Run(
                "bash", ["-c", $"source '{script}'; COMP_WORDS=({line}); COMP_CWORD={count - 1}; COMP_WORDS[COMP_CWORD]='{line.Split(' ')[^1]}'; _waltvpn; printf '%s\\n' \"${{COMPREPLY[@]}}\""]),
            // Its own menu needs a terminal: what would be in it is printed.
            "zsh" => Shell.Run(
                "zsh",
                [
                    "-fc",
                    $"compdef() {{ }}; source '{script}'; _describe() {{ print -l -- ${{(M)${{(P)2}}:#'{line.Split(' ')[^1]}'*}} }}; words=({line}); CURRENT={count}; _waltvpn",
                ]),
            _ => Shell.Run("fish", ["--no-config", "-c", $"source '{script}'; complete -C '{line}'"]),
        };
    }
}

using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Enrollment;

/// <summary>Fingerprints as words: docs/protocol.md "Four words", and the vectors of tests/vectors/fingerprint-words.</summary>
public sealed class FingerprintWordsTests
{
    [Fact]
    public void VectorsHaveTheirWords()
    {
        foreach (var line in Lines("accepted.txt")) FingerprintWords.Of(line.Split(' ')[0]).ShouldBe(line.Split(' ')[1]);
        Lines("accepted.txt").Count.ShouldBe(20);
    }

    [Fact]
    public void WhatIsNoFingerprintHasNoWords()
    {
        foreach (var line in Lines("refused.txt")) FingerprintWords.Of(line).ShouldBe("", line);
        FingerprintWords.Of("").ShouldBe("");
    }

    [Fact]
    public void EachWordOfTheListIsShortPlainAndKnownByItsFirstFourLetters()
    {
        using var file = new StreamReader(typeof(FingerprintWords).Assembly.GetManifestResourceStream("fingerprint-words.txt")!);
        var words = file.ReadToEnd().TrimEnd('\n').Split('\n');
        words.Length.ShouldBe(FingerprintWords.ListLength);
        words.ShouldAllBe(word => word.Length >= 3 && word.Length <= 8 && word.All(char.IsAsciiLetterLower));
        words.Select(word => word[..Math.Min(4, word.Length)]).Distinct().Count().ShouldBe(words.Length);
        words.ShouldBe(words.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task OperatorSeesTheWordsOfTheKeyWhereverSheDecides()
    {
        await using var platform = await TestPlatform.Start(settings => settings with { LanPolicy = EnrollmentPolicy.Auto });
        var board = await TestNode.Make(platform, 1);
        // ssh-keygen's own word on the key.
        var fingerprint = (await Shell.Run("ssh-keygen", ["-l", "-f", board.KeyFile])).Split(' ')[1];
        var words = FingerprintWords.Of(fingerprint);
        words.Split('-').Length.ShouldBe(4);
        using (await board.AskAndProve(platform, TestPlatform.Remote)) await platform.OnePending();
        string[] views =
        [
            "request list", "request show 1", "request deny 1", "request list -o json", "request accept 1", "node list -o wide", "node list -o json", "audit list",
        ];
        foreach (var view in views) (await platform.Waltvpn(view.Split(' '))).Output.ShouldContain(words, customMessage: view);
        (await platform.Waltvpn("node", "show", (await platform.Nodes()).ShouldHaveSingleItem().Name)).Output.ShouldContain(words);
        (await platform.Audit()).Where(entry => entry.Detail.Contains($"{fingerprint} ({words})", StringComparison.Ordinal)).Select(entry => entry.Action)
            .ShouldBe(["request deny", "node accept"]);
    }

    private static IReadOnlyList<string> Lines(string file) =>
        [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "vectors/fingerprint-words", file)).Where(line => line[0] != '#')];
}

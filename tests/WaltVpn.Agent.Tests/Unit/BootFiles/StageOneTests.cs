using System.Text;
using Shouldly;
using WaltVpn.Agent.BootFiles;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.BootFiles;

/// <summary>What a card starts, with a server over real HTTP and images of real tools. docs/security.md BOOT-2, BOOT-3.</summary>
public sealed class StageOneTests : IDisposable
{
    private static readonly SignedImage First = SignedImage.Make("kernel one"), Second = SignedImage.Make("kernel two");

    private readonly CardInBoard _card = new();

    public void Dispose() => _card.Dispose();

    [Fact]
    public async Task TheServersImageIsStartedKeptAndStartedWithoutTheServer()
    {
        _card.Server.Image = First;
        (await _card.PowerOn()).ShouldBe(First.Sha256);
        _card.Record.Good.ShouldBe([First.Sha256]);
        _card.Files.ShouldBe([$"{First.Sha256}.img", $"{First.Sha256}.sig", "record.json"], ignoreOrder: true);
        _card.Server.IsDown = true;
        (await _card.PowerOn()).ShouldBe(First.Sha256);
        _card.Log.Lines.ShouldContain(line => line.Contains("the server names none"));
        _card.Server.Asked.ShouldBe([0], "it was fetched once");
    }

    [Fact]
    public async Task TheLastTwoGoodOnesStay()
    {
        var third = SignedImage.Make("kernel three");
        foreach (var image in new[] { First, Second, third })
        {
            _card.Server.Image = image;
            (await _card.PowerOn()).ShouldBe(image.Sha256);
        }

        _card.Record.Good.ShouldBe([third.Sha256, Second.Sha256]);
        _card.Files.Count(name => name.EndsWith(".img", StringComparison.Ordinal)).ShouldBe(2);
        // The operator publishes an earlier one: it is there.
        _card.Server.Image = Second;
        var asked = _card.Server.Asked.Count;
        (await _card.PowerOn()).ShouldBe(Second.Sha256);
        _card.Server.Asked.Count.ShouldBe(asked);
        _card.Server.IsDown = true;
        (await _card.PowerOn()).ShouldBe(Second.Sha256);
    }

    [Fact]
    public async Task AnImageThatDoesNotComeInIsLeftForTheOneBeforeAndTriedAFewTimes()
    {
        _card.Server.Image = First;
        await _card.PowerOn();
        _card.Server.Image = Second;
        _card.Bad.Add(Second.Sha256);
        var started = new List<string>();
        for (var start = 0; start < 8; start++) started.Add(await _card.PowerOn());
        started.ShouldBe([Second.Sha256, First.Sha256, Second.Sha256, First.Sha256, Second.Sha256, First.Sha256, First.Sha256, First.Sha256]);
        _card.Log.Lines[^1].ShouldContain("never came in; publish another one");
        _card.Server.Asked.Count.ShouldBe(2, "it is not fetched again");
    }

    [Fact]
    public async Task WithoutAnyGoodImageTheCardsOwnSystemGoesOn()
    {
        (await _card.PowerOn()).ShouldBe(CardInBoard.Own);
        _card.Log.Lines.ShouldContain(line => line.Contains("status 404: the server has no boot image for this node"));
        _card.Server.Image = First;
        _card.Bad.Add(First.Sha256);
        (await _card.PowerOn()).ShouldBe(First.Sha256);
        (await _card.PowerOn()).ShouldBe(CardInBoard.Own);
    }

    [Fact]
    public async Task GoodImagesThatDoNotComeInAnyMoreGiveWayToTheOtherAndThenToTheCardsOwnSystem()
    {
        foreach (var image in new[] { First, Second })
        {
            _card.Server.Image = image;
            await _card.PowerOn();
            _card.Bad.Add(image.Sha256);
        }

        _card.Server.IsDown = true;
        var started = new List<string>();
        for (var start = 0; start < 8; start++) started.Add(await _card.PowerOn());
        started.ShouldBe(
            [Second.Sha256, Second.Sha256, Second.Sha256, First.Sha256, First.Sha256, First.Sha256, CardInBoard.Own, Second.Sha256]);
    }

    [Fact]
    public async Task ABrokenLineIsTakenUpWhereItBroke()
    {
        _card.Server.Image = First;
        _card.Server.BreaksAfter = 100_000;
        (await _card.PowerOn()).ShouldBe(First.Sha256);
        _card.Server.Asked.ShouldBe([0, 100_000]);
    }

    [Fact]
    public async Task AnotherImageThatIsPublishedMeanwhileIsFetchedFromItsBeginning()
    {
        _card.Server.Image = First;
        _card.Server.Instead["boot.img"] = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
        File.WriteAllBytes(_card.PathOf($"{First.Sha256}.part"), First.Content[..50_000]);
        (await _card.PowerOn()).ShouldBe(CardInBoard.Own);
        _card.Log.Lines.ShouldContain(line => line.Contains("refused with status 502"));
        _card.Server.Instead.Clear();
        _card.Server.Image = Second;
        (await _card.PowerOn()).ShouldBe(Second.Sha256);
        _card.Files.ShouldNotContain($"{First.Sha256}.part");
    }

    [Fact]
    public async Task WhatIsOfAnotherKeyIsNotEvenFetched()
    {
        _card.Server.Image = SignedImage.Sign(First.Content, SignedImage.OtherKey);
        (await _card.PowerOn()).ShouldBe(CardInBoard.Own);
        _card.Log.Lines.ShouldContain(line => line.Contains("refused: its boot.sig is not signed with this platform's boot key"));
        _card.Server.Asked.ShouldBeEmpty();
    }

    [Fact]
    public async Task AnImageForAnotherBoardIsRefusedAndFetchedOnce()
    {
        _card.Server.Image = SignedImage.Make("kernel x", SignedImage.Manifest(board: "rpi-5-b"));
        (await _card.PowerOn()).ShouldBe(CardInBoard.Own);
        _card.Log.Lines.ShouldContain(line => line.Contains("refused: it is for rpi-5-b, and this board is qemu-x64"));
        (await _card.PowerOn()).ShouldBe(CardInBoard.Own);
        _card.Server.Asked.Count.ShouldBe(1);
        _card.Files.ShouldBe(["record.json"]);
    }

    [Fact]
    public async Task AnOlderEpochThanTheOneThatCameInIsRefusedAndTheFloorStays()
    {
        var newer = SignedImage.Make("kernel new", SignedImage.Manifest(epoch: 2));
        _card.Server.Image = First;
        await _card.PowerOn();
        _card.Server.Image = newer;
        _card.Bad.Add(newer.Sha256);
        await _card.PowerOn();
        _card.Record.Epoch.ShouldBe(0, "it has not come in");
        _card.Bad.Clear();
        await _card.PowerOn();
        (await _card.PowerOn()).ShouldBe(newer.Sha256);
        _card.Record.Epoch.ShouldBe(2);
        _card.Server.Image = Second;
        (await _card.PowerOn()).ShouldBe(newer.Sha256);
        _card.Log.Lines.ShouldContain(line => line.Contains("refused: its epoch 0 is older than 2"));
        _card.Record.Epoch.ShouldBe(2);
    }

    [Fact]
    public async Task ANewBootKeyRetiresWhatWasSignedWithTheOldOne()
    {
        _card.Server.Image = First;
        await _card.PowerOn();
        _card.Source = _card.Source with { Key = SignedImage.OtherKey.ExportSubjectPublicKeyInfo() };
        (await _card.PowerOn()).ShouldBe(CardInBoard.Own);
        _card.Log.Lines.ShouldContain(line => line.Contains("is not started: it is not signed with the boot key that is valid now"));
        // The same image, signed anew.
        _card.Server.Image = SignedImage.Sign(First.Content, SignedImage.OtherKey);
        (await _card.PowerOn()).ShouldBe(First.Sha256);
        _card.Server.Asked.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("boot.sig", "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("boot.img", "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("boot.sig", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("boot.sig", "")]
    [InlineData("boot.img", "")]
    public async Task AServerThatHasTooMuchToDoIsAskedAgain(string file, string answer)
    {
        _card.Server.Image = First;
        (_card.Server.Instead[file], _card.Server.InsteadTimes) = (answer, 10);
        (await _card.PowerOn()).ShouldBe(First.Sha256);
        // It never gets better: the card does not wait for ever.
        _card.Server.Image = Second;
        (_card.Server.Instead[file], _card.Server.InsteadTimes) = (answer, int.MaxValue);
        (await _card.PowerOn()).ShouldBe(First.Sha256);
    }

    [Theory]
    [InlineData("boot.sig", "<html><body>Please log in</body></html>", "its boot.sig is none, it begins with '<html><body>")]
    [InlineData("boot.img", "<html><body>Please log in</body></html>", "is not the boot.img that boot.sig was made for")]
    public async Task APageInPlaceOfAFileIsRefused(string file, string page, string reason)
    {
        _card.Server.Image = First;
        _card.Server.Instead[file] = $"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {page.Length}\r\n\r\n{page}";
        (await _card.PowerOn()).ShouldBe(CardInBoard.Own);
        _card.Log.Lines.ShouldContain(line => line.Contains(reason));
        _card.Files.ShouldAllBe(name => !name.EndsWith(".img"));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100663297\r\n\r\n", "it has 100663297 bytes; a boot.img has 1 to 100663296")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "it has 0 bytes")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nx", "does not say how long it is")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut", "ended 6 bytes before the end")]
    [InlineData("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 7-8/9\r\nContent-Length: 2\r\n\r\nxx", "another part than was asked for")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n\r\n", "status line")]
    public async Task AnAnswerThatIsNoImageIsRefused(string answer, string reason)
    {
        _card.Server.Image = First;
        _card.Server.Instead["boot.img"] = answer;
        (await _card.PowerOn()).ShouldBe(CardInBoard.Own);
        _card.Log.Lines.ShouldContain(line => line.Contains(reason));
    }

    [Fact]
    public async Task WhatIsSignedAndNoImageIsRefused()
    {
        foreach (var content in new[] { "no file system"u8.ToArray(), new byte[100_000], First.Content[..10_000], WithoutManifest() })
        {
            _card.Server.Image = SignedImage.Sign(content, SignedImage.Key);
            (await _card.PowerOn()).ShouldBe(CardInBoard.Own);
        }

        _card.Log.Lines.Count(line => line.Contains("refused: it is no boot image: ")).ShouldBe(4);
    }

    [Fact]
    public async Task AnImageThatRotsOnTheCardIsFetchedAnewOrGivesWay()
    {
        foreach (var image in new[] { First, Second })
        {
            _card.Server.Image = image;
            await _card.PowerOn();
        }

        Flip($"{Second.Sha256}.img", 1_000_000);
        (await _card.PowerOn()).ShouldBe(Second.Sha256);
        _card.Server.Asked.Count.ShouldBe(3);
        Flip($"{Second.Sha256}.img", 1_000_000);
        _card.Server.IsDown = true;
        (await _card.PowerOn()).ShouldBe(First.Sha256);
        _card.Log.Lines.ShouldContain(line => line.Contains("is not started: it is damaged on the card"));
        Flip("record.json", 200);
        (await _card.PowerOn()).ShouldBe(CardInBoard.Own);
        _card.Server.IsDown = false;
        (await _card.PowerOn()).ShouldBe(Second.Sha256);
    }

    [Fact]
    public async Task ACacheThatMayNotBeStaleIsNotUsedWithoutTheServer()
    {
        _card.Server.Image = First;
        _card.Policy = CachePolicy.Parse("never")!;
        (await _card.PowerOn()).ShouldBe(First.Sha256);
        _card.Server.IsDown = true;
        (await _card.PowerOn()).ShouldBe(CardInBoard.Own);
        _card.Policy = CachePolicy.Parse("stale-ok:1")!;
        (await _card.PowerOn()).ShouldBe(First.Sha256);
    }

    [Fact]
    public async Task AKernelThatIsNotLoadedHereCountsAsNoTry()
    {
        _card.Server.Image = First;
        _card.NotLoadable.Add(First.Sha256);
        for (var start = 0; start < 5; start++) (await _card.PowerOn()).ShouldBe(CardInBoard.Own);
        _card.Log.Lines.ShouldContain(line => line.Contains("is not started: this board's kernel refuses it"));
        _card.NotLoadable.Clear();
        (await _card.PowerOn()).ShouldBe(First.Sha256);
    }

    [Fact]
    public async Task ACardWithLittleRoomKeepsOneGoodImageAndOneWithNoneSaysSo()
    {
        var third = SignedImage.Make("kernel three");
        var room = (long)(First.Content.Length * 2.5);
        foreach (var image in new[] { First, Second, third })
        {
            _card.Server.Image = image;
            (await _card.PowerOn(room)).ShouldBe(image.Sha256);
        }

        using var small = new CardInBoard();
        small.Server.Image = First;
        (await small.PowerOn(1_000_000L)).ShouldBe(CardInBoard.Own);
        small.Log.Lines.ShouldContain(line => line.Contains("the state partition has room for 1000000; write the card with a larger image"));
    }

    private static byte[] WithoutManifest()
    {
        var text = Encoding.Latin1.GetString(First.Content);
        return Encoding.Latin1.GetBytes(text.Replace("\"version\":1", "\"version\":2", StringComparison.Ordinal));
    }

    private void Flip(string name, int at)
    {
        var content = File.ReadAllBytes(_card.PathOf(name));
        content[at] ^= 1;
        File.WriteAllBytes(_card.PathOf(name), content);
    }
}

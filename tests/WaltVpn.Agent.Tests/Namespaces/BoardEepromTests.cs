using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Shouldly;
using WaltVpn.Agent.Flash;
using WaltVpn.Agent.Startup;
using WaltVpn.Agent.Tests.Reconcile;
using WaltVpn.Agent.Tests.Unit.Flash;
using WaltVpn.Eeprom;
using WaltVpn.Linux;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Agent.Tests.Namespaces;

/// <summary>
/// The EEPROM between identity and tunnel, start by start. docs/security.md NODE-1, NODE-4 to NODE-6.
/// <code>
/// told ──▶ BoardEeprom ── flashrom ── chip ── power-on ──▶ what the next start begins with
///              └── state partition: eeprom/
/// </code>
/// </summary>
public sealed class BoardEepromTests : IDisposable
{
    private readonly EmulatedBoard _board = new();

    private static SettingsDocument Told => EmulatedBoard.Document;

    public void Dispose() => _board.Dispose();

    [Fact]
    public async Task WhatDiffersIsWrittenTheBoardStartsAgainAndThenNothingIsDone()
    {
        (await _board.Follow(Told)).ShouldBeTrue(Said);
        _board.Log.Lines.ShouldContain("info Settings: EEPROM: WALT_VPN_MAC: none -> 52:54:00:12:34:56");
        _board.Log.Lines.ShouldContain(line => line.StartsWith("info Settings: EEPROM: node key: none -> SHA256:"));
        NoSecretIsSaid();
        var node = VpnVariables.ReadFrom(_board.Config)!;
        node.Credentials.PrivateKey.Reveal().ShouldBe(Desired.Key.Reveal());
        node.Credentials.Mark.ShouldBe(new CredentialsMark("lab", Told.Counter));
        File.Exists(Path.Combine(_board.StateFolder, "eeprom-previous.bin")).ShouldBeTrue();

        // The next start has what it wrote: nothing is written, and the chip is not even read.
        var (runs, operations) = (_board.Runs, _board.Chip.Operations);
        (await _board.Follow(Told)).ShouldBeFalse();
        (_board.Runs, _board.Chip.Operations).ShouldBe((runs, operations));
        _board.Log.Lines.ShouldContain("info Settings: the EEPROM follows the server: nothing to do");
        File.Exists(Path.Combine(_board.StateFolder, "eeprom-previous.bin")).ShouldBeFalse("the board has started with the new one");

        // A number alone is no reason to write; one changed setting is, and nothing but it.
        (await _board.Follow(Told with { Counter = Told.Counter + 1 })).ShouldBeFalse();
        _board.Chip.Operations.ShouldBe(operations);
        (await _board.Follow(Told with { Counter = Told.Counter + 2, VpnMac = MacAddress.Parse("52:54:00:12:34:57") })).ShouldBeTrue();
        _board.Log.Lines.Where(line => line.Contains("EEPROM: ")).ShouldBe(["info Settings: EEPROM: WALT_VPN_MAC: 52:54:00:12:34:56 -> 52:54:00:12:34:57"]);
    }

    [Fact]
    public async Task AChipThatIsPutBackEachTimeIsWrittenInThreeStartsAndThenLeftAlone()
    {
        var old = _board.Chip.Content.ToArray();
        for (var start = 0; start < 3; start++)
        {
            (await _board.Follow(Told)).ShouldBeTrue($"start {start}: {Said}");
            // An update file on a TFTP server, say.
            old.CopyTo(_board.Chip.Content, 0);
        }

        var operations = _board.Chip.Operations;
        for (var start = 0; start < 3; start++) (await _board.Follow(Told)).ShouldBeFalse();
        _board.Chip.Operations.ShouldBe(operations);
        Said.ShouldContain("an image was written in each of the last 3 starts");
        (await _board.Follow(Told with { Counter = Told.Counter + 1, SshEntrypoints = ["other.example.org:22"] })).ShouldBeFalse();
    }

    [Fact]
    public async Task AChipThatWasNotTakenByTheNextStartCausesNoOther()
    {
        var before = _board.Image;
        (await _board.Follow(Told)).ShouldBeTrue();
        await using var eeprom = _board.Start(startedWith: before);
        (await _board.Follow(eeprom, Told)).ShouldBeFalse();
        Said.ShouldContain("the chip follows the server, the board at its next start");
    }

    public static TheoryData<string, string> Failures => new()
    {
        { "no device", "there is no /dev/spidev-none" },
        { "no flashrom", "flashrom finds no chip" },
        { "unknown chip", "flashrom has no definition of this chip" },
        { "unreadable", "cannot be read" },
        { "write protected", "The chip W25Q16.V holds what it held before" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task AFailureToFlashIsSaidAndKeepsNoNodeFromItsTunnel(string failure, string said)
    {
        var before = _board.Chip.Content.ToArray();
        switch (failure)
        {
            case "no device":
                _board.Programmer = new FlashProgrammer("fast", "slow", "/dev/spidev-none");
                break;
            case "no flashrom":
                _board.Flashrom = new FlashromProcess("/nowhere/flashrom", TimeProvider.System);
                break;
            case "unknown chip":
                _board.Flashrom = new Answering("Found Unknown flash chip \"SFDP-capable chip\" (2048 kB, SPI)\n");
                break;
            case "unreadable":
                _board.Flashrom = new FlashromModel(_board.Chip) { Unreadable = int.MaxValue };
                break;
            case "write protected":
                _board.Flashrom = new FlashromModel(_board.Chip) { Lies = int.MaxValue };
                break;
        }

        (await _board.Follow(Told)).ShouldBeFalse();
        Said.ShouldContain(said);
        Said.ShouldContain("Going on with what the board has.");
        _board.Chip.Content.ShouldBe(before);
    }

    [Fact]
    public async Task AHalfWrittenChipIsWrittenAgainBesideTheBootUntilItIsWhole()
    {
        var sector = _board.Image.Find(EepromFiles.BootConfig)!.Offset / NorFlash.SectorSize;
        _board.Chip.Worn = sector;
        var eeprom = _board.Start();
        (await _board.Follow(eeprom, Told)).ShouldBeFalse();
        Said.ShouldContain("Leave the board switched on");
        _board.Chip.Worn = null;
        await eeprom.DisposeAsync();
        Said.ShouldContain("written and read back");
        VpnVariables.ReadFrom(_board.Config)!.Mac.ShouldBe(Told.VpnMac);
    }

    [Fact]
    public async Task ABoardThatWouldFindNothingToStartIsNotWritten()
    {
        var enforced = Told with { BootMode = BootMode.Enforced };
        var before = _board.Chip.Content.ToArray();
        (await _board.Follow(enforced)).ShouldBeFalse();
        Said.ShouldContain("the board would find nothing to start: GET http://127.0.0.1/walt-vpn/boot/me/boot.sig");
        using var signer = RSA.Create(2048);
        using var other = RSA.Create(2048);
        enforced = enforced with { BootKey = Convert.ToBase64String(signer.ExportSubjectPublicKeyInfo()) };
        foreach (var (answer, why) in ((string, string)[])[("404 Not Found", "status 404"), ("200 OK", "line 1"), ("signed by another", "not signed with")])
        {
            await Served(answer == "signed by another" ? Signed(other) : answer, enforced);
            Said.ShouldContain(why);
            _board.Chip.Content.ShouldBe(before);
        }

        (await Served(Signed(signer), enforced)).ShouldBeTrue(Said);
        _board.Config.Find("BOOT_ORDER").ShouldBe("0xf7");
        // What says nothing about booting needs no boot files.
        (await _board.Follow(enforced with { Counter = Told.Counter + 1, SshEntrypoints = ["two.example.org:22"] })).ShouldBeTrue(Said);
    }

    [Fact]
    public async Task WithoutACardThatCountsItsStartsTheBoardIsWrittenAndDoesNotStartAgain()
    {
        _board.State = StatePartition.InMemory(Directory.CreateTempSubdirectory("waltvpn-memory").FullName);
        (await _board.Follow(Told)).ShouldBeFalse();
        Said.ShouldContain("written and read back");
        Said.ShouldContain("does not start again by itself");
        VpnVariables.ReadFrom(_board.Config)!.Mac.ShouldBe(Told.VpnMac);
        Directory.Delete(_board.State.Directory, recursive: true);
    }

    [Fact]
    public async Task ACardThatIsInTheBoardAllTheSameKeepsCountAndTheWayBack()
    {
        var card = _board.State;
        _board.State = StatePartition.InMemory(Directory.CreateTempSubdirectory("waltvpn-memory").FullName);
        _board.CardState = () => card;
        (await _board.Follow(Told)).ShouldBeTrue(Said);
        (await _board.Follow(Told)).ShouldBeFalse();
        var moved = Told with { Counter = Told.Counter + 1, SshEntrypoints = ["two.example.org:22"] };
        (await _board.Follow(moved)).ShouldBeTrue();
        await using (var next = _board.Start())
        {
            var memory = next.Remember(next.ReadNode());
            memory.Former.ShouldNotBeNull().Entrypoints.ShouldBe(["ssh.example.org:22"]);
            memory.Last.ShouldNotBeNull().Number.ShouldBe(moved.Counter);
        }

        // One that cannot be read keeps no board from anything.
        _board.CardState = () => throw new IOException("a card with a scratch");
        await using var last = _board.Start();
        last.Remember(last.ReadNode()).Former.ShouldBeNull();
        Said.ShouldContain("a card with a scratch. Going on without it.");
        Directory.Delete(_board.State.Directory, recursive: true);
    }

    [Fact]
    public async Task AnotherNodeOfThePlatformKeepsItsEeprom()
    {
        (await _board.Follow(Told)).ShouldBeTrue();
        await using var eeprom = _board.Start();
        var before = _board.Chip.Content.ToArray();
        var stranger = Told with { NodeId = SshMaterial.NodeId(1), VpnMac = MacAddress.Parse("52:54:00:aa:aa:aa") };
        (await _board.Follow(eeprom, stranger)).ShouldBeFalse();
        Said.ShouldContain("it holds 52:54:00:12:34:56 of this platform, and the card is 52:54:00:aa:aa:aa");
        _board.Chip.Content.ShouldBe(before);
    }

    [Fact]
    public async Task SettingsThatLeadNowhereGiveWayToThoseOfBefore()
    {
        (await _board.Follow(Told)).ShouldBeTrue();
        (await _board.Follow(Told)).ShouldBeFalse();
        var good = _board.Image.Read(EepromFiles.BootConfig).ToArray();
        var nowhere = Told with { Counter = Told.Counter + 1, SshEntrypoints = ["nowhere.example.org:22"] };
        (await _board.Follow(nowhere)).ShouldBeTrue();
        (await _board.Follow(nowhere, WayIn.Former)).ShouldBeFalse();
        Said.ShouldContain("the image of before is written again");
        _board.Image.Read(EepromFiles.BootConfig).ToArray().ShouldBe(good);
        (await _board.Follow(nowhere)).ShouldBeFalse();
        Said.ShouldContain("these settings were rolled back");
        _board.Image.Read(EepromFiles.BootConfig).ToArray().ShouldBe(good);
    }

    [Fact]
    public async Task ADamagedImageOfBeforeIsSaidAndStopsNothing()
    {
        (await _board.Follow(Told)).ShouldBeTrue();
        _board.State.Write(() => File.WriteAllBytes(Path.Combine(_board.StateFolder, "eeprom-previous.bin"), new byte[100]));
        (await _board.Follow(Told with { Counter = Told.Counter + 1, SshEntrypoints = ["two.example.org:22"] })).ShouldBeTrue(Said);
        Said.ShouldContain("going on without a way back");
    }

    [Fact]
    public async Task ABootloaderBelowThePlatformsMinimumIsNotWritten()
    {
        var built = _board.Image.FindVersion().BuildTime!.Value.ToUnixTimeSeconds();
        var before = _board.Chip.Content.ToArray();
        (await _board.Follow(Told with { LeastBootloader = built + 1 })).ShouldBeFalse();
        Said.ShouldContain("this platform takes none of before");
        _board.Chip.Content.ShouldBe(before);
        (await _board.Follow(Told with { LeastBootloader = built })).ShouldBeTrue();
    }

    [Fact]
    public async Task AServerWithoutBootFilesOrWithoutAnAnswerLeavesTheChipAlone()
    {
        (await _board.Follow(Told with { HttpEntrypoint = null })).ShouldBeFalse();
        Said.ShouldContain("the EEPROM stays as it is");
        await using var eeprom = _board.Start();
        (await eeprom.Follow(null, EmulatedBoard.Key(_board), _board.State, TestContext.Current.CancellationToken)).ShouldBeFalse();
        _board.Runs.ShouldBe(0);
    }

    [Fact]
    public async Task TheRealFlashromWritesTheChipItEmulates()
    {
        Assert.SkipUnless(
            File.Exists(FlashromProcess.Program) || Environment.GetEnvironmentVariable("WALTVPN_REQUIRE_ALL") == "1", "this machine lacks flashrom");
        using var folder = new WorkFolder();
        folder.Write("chip.bin", _board.Chip.Content);
        var dummy = $"dummy:emulate=VARIABLE_SIZE,size={_board.Chip.Content.Length},image={folder.At("chip.bin")}";
        (_board.Flashrom, _board.Programmer) = (new FlashromProcess(FlashromProcess.Program, TimeProvider.System), new FlashProgrammer(dummy, dummy));
        (await _board.Follow(Told)).ShouldBeTrue(Said);
        folder.ReadBytes("chip.bin").CopyTo(_board.Chip.Content, 0);
        VpnVariables.ReadFrom(_board.Config)!.Mac.ShouldBe(Told.VpnMac);
        (await _board.Follow(Told)).ShouldBeFalse();
        Said.ShouldContain("nothing to do");
    }

    private string Said => string.Join('\n', _board.Log.Lines);

    private void NoSecretIsSaid()
    {
        foreach (var line in Desired.Key.Reveal().Split('\n').Where(line => line.Length > 20)) Said.ShouldNotContain(line);
        Said.ShouldNotContain(_board.Config.Find(VpnVariables.CredentialsName)!);
    }

    private static string Signed(RSA key)
    {
        var content = "boot.img"u8.ToArray();
        var signature = key.SignData(content, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return new SignatureFile(Convert.ToHexStringLower(SHA256.HashData(content)), 1_800_000_000, null, signature).ToText();
    }

    /// <summary>A start, with this answered once at port 80: a status line, or the body of a 200.</summary>
    private async Task<bool> Served(string answer, SettingsDocument told)
    {
        using var server = new TcpListener(IPAddress.Loopback, 80);
        server.Start();
        var serving = Task.Run(async () =>
        {
            using var client = await server.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
            await using var stream = client.GetStream();
            await stream.ReadAtLeastAsync(new byte[4096], 16, cancellationToken: TestContext.Current.CancellationToken);
            var (status, body) = answer.Contains('\n', StringComparison.Ordinal) ? ("200 OK", answer) : (answer, "nothing");
            var whole = Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\n\r\n{body}");
            await stream.WriteAsync(whole, TestContext.Current.CancellationToken);
        });
        var again = await _board.Follow(told);
        await serving;
        return again;
    }

    /// <summary>A flashrom that says the same whatever it is asked.</summary>
    private sealed class Answering(string text) : IFlashrom
    {
        public Task<FlashromRun> Run(IReadOnlyList<string> arguments, TimeSpan deadline, CancellationToken stopping) =>
            Task.FromResult(new FlashromRun(new ExitStatus(0, 0), text));
    }
}

using System.Diagnostics;
using Shouldly;
using WaltVpn.Agent.Flash;
using WaltVpn.Agent.Tests.Unit.Flash;
using WaltVpn.Eeprom;
using Xunit;

namespace WaltVpn.Agent.Tests.Namespaces;

/// <summary>
/// <code>
/// StagedUpdateStore ── mounted ── loop device ── card.img      what the card holds when the power fails
///                                                   │
///                                                   └─ copy ── checked, mounted ── what would the board take?
/// </code>
/// The file system is ext4 without journal: not every kernel that tests run on has FAT, and like FAT it promises nothing that was not synced.
/// </summary>
public sealed class StagedOnCardTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("waltvpn-card-").FullName;
    private readonly RecordingLog _log = new();
    private readonly byte[] _earlier = BoardImages.Pi5("old.example.org", BoardImages.Earlier);
    private readonly byte[] _image = BoardImages.Pi5("new.example.org", BoardImages.Later);
    private readonly byte[] _recovery = [.. Enumerable.Range(0, 90_000).Select(i => (byte)(i * 7))];

    public StagedOnCardTests() => File.WriteAllBytes(Recovery, _recovery);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CutAfterAnyStepTheBoardTakesNothingOrAWholeUpdate(bool anEarlierUpdateIsThere)
    {
        var taken = new List<string>();
        for (var cut = 0; ; cut++)
        {
            using var card = new Card(_folder, 16);
            if (anEarlierUpdateIsThere) await Store(card).Write(_earlier, Stop);
            var steps = Store(card).Steps(EepromImage.Parse(_image));
            foreach (var step in steps.Take(cut)) step.Do();
            // Not unmounted, not synced: only what the steps themselves made sure of is on the card, and what the kernel happened to write.
            using var found = card.Copy();
            taken.Add($"{cut}: {WhatTheBoardTakes(found.Directory)}");
            (await Store(found).Write(_image, Stop)).ShouldBe(FlashOutcome.AtNextStart);
            WhatTheBoardTakes(found.Directory).ShouldBe("recovery: new", taken[^1]);
            found.Names().ShouldBe(["pieeprom.sig", "pieeprom.upd", "recovery.bin"]);
            if (cut == steps.Count) break;
        }

        // Up to the step that removes it, the earlier one; then nothing, or its image by the bootloader itself; at last the new one.
        var kinds = taken.Select(line => line.Split(": ", 2)[1]).Distinct().ToList();
        kinds.ShouldBe(anEarlierUpdateIsThere
            ? ["recovery: earlier", "bootloader: earlier", "nothing", "bootloader: new", "recovery: new"]
            : ["nothing", "bootloader: new", "recovery: new"], string.Join("\n", taken));
    }

    [Fact]
    public async Task AFullCardStaysAsItWas()
    {
        // Room for one update, not for two.
        using var card = new Card(_folder, 4);
        await Store(card).Write(_earlier, Stop);
        var failure = await Should.ThrowAsync<FlashException>(() => Store(card).Write(_image, Stop));
        failure.Message.ShouldContain("could not write pieeprom.upd, 2097152 bytes");
        failure.Message.ShouldContain("KiB are free");
        card.Names().ShouldBe(["pieeprom.sig", "pieeprom.upd", "recovery.bin"]);
        WhatTheBoardTakes(card.Directory).ShouldBe("recovery: earlier");
    }

    [Fact]
    public async Task AWriteProtectedCardIsSaid()
    {
        using var card = new Card(_folder, 16);
        Run("mount", "-o", "remount,ro", card.Directory);
        var failure = await Should.ThrowAsync<FlashException>(() => Store(card).Write(_image, Stop));
        failure.Message.ShouldContain("could not write pieeprom.sig");
        card.Names().ShouldBeEmpty();
    }

    /// <summary>
    /// The rules of the ROM, the recovery program and the bootloader as <see cref="StagedUpdateStore"/> states them; fails on what would stop the board.
    /// </summary>
    private string WhatTheBoardTakes(string card)
    {
        var (image, hash, recovery) = (Content(card, "pieeprom.upd"), Content(card, "pieeprom.sig"), Content(card, "recovery.bin"));
        Content(card, "pieeprom.bin").ShouldBeNull();
        if (image is null)
        {
            recovery.ShouldBeNull();
            return "nothing";
        }

        BootSignature.Parse(hash.ShouldNotBeNull()).IsHashOf(image).ShouldBeTrue();
        var which = image.AsSpan().SequenceEqual(_image) ? "new"
            : image.AsSpan().SequenceEqual(_earlier) ? "earlier"
            : throw new InvalidDataException("half an image");
        recovery?.ShouldBe(_recovery);
        return $"{(recovery is null ? "bootloader" : "recovery")}: {which}";
    }

    private static byte[]? Content(string card, string name) => File.Exists(Path.Combine(card, name)) ? File.ReadAllBytes(Path.Combine(card, name)) : null;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Recovery => Path.Combine(_folder, "recovery-2712.bin");

    private StagedUpdateStore Store(Card card) =>
        new(new BootMedium(card.Directory, "/dev/mmcblk0p1", Recovery), new BootloaderRules(EepromFamily.Bcm2712), _log);

    private static void Run(string program, params string[] arguments) => Run(program, [0], arguments);

    private static void Run(string program, int[] statuses, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        // A few lines at most, on both.
        var output = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        process.ExitCode.ShouldBeOneOf(statuses, $"{program}: {output}");
    }

    /// <summary>A card, mounted.</summary>
    private sealed class Card : IDisposable
    {
        private readonly string _image;
        private readonly string _parent;

        public Card(string parent, int mebibytes)
            : this(parent)
        {
            using (var file = File.Create(_image)) file.SetLength(mebibytes * 1024L * 1024L);
            Run("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-m", "0", _image);
            Mount();
        }

        private Card(string parent)
        {
            _parent = parent;
            var name = Path.Combine(parent, Path.GetRandomFileName());
            (_image, Directory) = ($"{name}.img", $"{name}.d");
        }

        public string Directory { get; }

        public IEnumerable<string> Names() =>
            System.IO.Directory.EnumerateFiles(Directory).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);

        /// <summary>What is on the card now, while it is mounted and in use, as a card of its own.</summary>
        public Card Copy()
        {
            var copy = new Card(_parent);
            File.Copy(_image, copy._image);
            // What was not synced looks to it like damage, which it mends: status 1.
            Run("e2fsck", [0, 1], "-fy", copy._image);
            copy.Mount();
            return copy;
        }

        public void Dispose()
        {
            // What another test starts at this very moment may still have its files open.
            Run("umount", "--lazy", Directory);
            System.IO.Directory.Delete(Directory);
            File.Delete(_image);
        }

        private void Mount()
        {
            System.IO.Directory.CreateDirectory(Directory);
            Run("mount", "-o", "loop", _image, Directory);
        }
    }
}

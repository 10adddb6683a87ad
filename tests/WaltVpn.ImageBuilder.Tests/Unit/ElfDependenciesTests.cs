using System.Text.RegularExpressions;
using WaltVpn.ImageBuilder.Initramfs;

namespace WaltVpn.ImageBuilder.Tests.Unit;

public sealed class ElfDependenciesTests
{
    private const string Program = "/usr/bin/ssh";

    [Fact]
    public async Task ReadsWhatReadelfReads()
    {
        HostProgram.Require("readelf");
        var elf = ElfDependencies.Read(await File.ReadAllBytesAsync(Program, TestContext.Current.CancellationToken));
        var judge = await HostProgram.CheckAsync("readelf", ["-W", "-d", "-l", Program]);
        elf.Needed.ShouldBe(Regex.Matches(judge, @"\(NEEDED\).*\[(.*)\]").Select(match => match.Groups[1].Value));
        elf.Interpreter.ShouldBe(Regex.Match(judge, @"program interpreter: (.*)\]").Groups[1].Value);
    }

    [Fact]
    public void ATextIsNoElfFile() => Should.Throw<FormatException>(() => ElfDependencies.Read(new byte[100]));

    [Fact]
    public async Task AFileCutAnywhereIsReadOrRefusedButNothingElse()
    {
        var whole = await File.ReadAllBytesAsync(Program, TestContext.Current.CancellationToken);
        var refused = 0;
        for (var length = 0; length < whole.Length; length += length < 4096 ? 1 : 4099) refused += IsRefused(whole.AsSpan(0, length)) ? 1 : 0;
        refused.ShouldBeGreaterThan(4000);
    }

    [Fact]
    public async Task ADamagedByteIsReadOrRefusedButNothingElse()
    {
        var whole = await File.ReadAllBytesAsync(Program, TestContext.Current.CancellationToken);
        var random = new Random(20261120);
        for (var round = 0; round < 20_000; round++)
        {
            // The headers of program and segments, where every offset stands.
            var at = random.Next(0x400);
            var kept = whole[at];
            whole[at] = (byte)random.Next(256);
            IsRefused(whole);
            whole[at] = kept;
        }

        IsRefused(whole).ShouldBeFalse();
    }

    private static bool IsRefused(ReadOnlySpan<byte> file)
    {
        try
        {
            ElfDependencies.Read(file);
            return false;
        }
        catch (FormatException)
        {
            return true;
        }
    }
}

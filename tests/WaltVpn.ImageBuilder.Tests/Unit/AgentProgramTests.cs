using System.Buffers.Binary;
using WaltVpn.ImageBuilder.Boards;
using WaltVpn.ImageBuilder.BootFiles;

namespace WaltVpn.ImageBuilder.Tests.Unit;

/// <summary>The agent's file is checked against the board before anything is downloaded.</summary>
public sealed class AgentProgramTests : IDisposable
{
    private const ushort X64 = 62;
    private const ushort Arm64 = 183;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(X64, "qemu-x64")]
    [InlineData(Arm64, "rpi-5-b")]
    public void AProgramForTheBoardIsTaken(ushort machine, string board)
    {
        var file = Elf(machine);
        Read(file, board).ShouldBe(file);
    }

    [Theory]
    [InlineData(X64, "rpi-5-b", "is for x86-64; rpi-5-b needs arm64", "scripts/publish --rid linux-arm64")]
    [InlineData(Arm64, "qemu-x64", "is for arm64; qemu-x64 needs x86-64", "scripts/publish")]
    [InlineData(40, "rpi-4-b", "is for another processor (ELF machine 40); rpi-4-b needs arm64", "scripts/publish --rid linux-arm64")]
    public void AProgramForAnotherProcessorIsRefusedWithTheRemedy(ushort machine, string board, string reason, string remedy)
    {
        var error = Should.Throw<ImageException>(() => Read(Elf(machine), board));
        error.Message.ShouldContain(reason);
        error.Hints.ShouldContain(hint => hint.Contains(remedy, StringComparison.Ordinal));
    }

    [Fact]
    public void AFileThatIsNoProgramIsRefused() => Should.Throw<ImageException>(() => Read("#!/bin/sh\n"u8.ToArray(), "rpi-5-b")).Message.ShouldContain("is no program");

    [Fact]
    public void ARuntimeForTestsIsTakenOnlyWhereItWasAskedFor()
    {
        var bundle = WithBundle(4096);
        Should.Throw<ImageException>(() => Read(bundle, "rpi-5-b")).Hints.ShouldContain(hint => hint.EndsWith("--test-runtime", StringComparison.Ordinal));
        Read(bundle, "rpi-5-b", testRuntime: true).ShouldBe(bundle);
        // The mark alone, without a place behind it: a host that was never filled.
        Read(WithBundle(0), "rpi-5-b").Length.ShouldBe(bundle.Length);
        Should.Throw<ImageException>(() => Read(Elf(Arm64), "rpi-5-b", testRuntime: true)).Hints.ShouldBe(["leave --test-runtime away"]);
    }

    private byte[] Read(byte[] content, string board, bool testRuntime = false)
    {
        File.WriteAllBytes(_folder["agent"], content);
        return AgentProgram.Read(new BuildInputs
        {
            Board = BoardCatalog.Find(board),
            Agent = _folder["agent"],
            TestRuntime = testRuntime,
            Lock = "",
            Locked = false,
            Cache = "",
            Mirror = null,
            SourceDateEpoch = null,
        });
    }

    /// <summary>A header of elf(5) without segments.</summary>
    private static byte[] Elf(ushort machine)
    {
        var file = new byte[64];
        "\u007fELF\u0002\u0001"u8.CopyTo(file);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(0x12), machine);
        return file;
    }

    private static byte[] WithBundle(long table)
    {
        var place = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(place, table);
        return [.. Elf(Arm64), .. place, .. Convert.FromHexString("8b1202b96a612038727b930214d7a03213f5b9e6efae3318ee3b2dce24b36aae")];
    }
}

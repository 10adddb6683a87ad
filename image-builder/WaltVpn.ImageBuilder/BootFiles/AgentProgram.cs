using System.Buffers.Binary;
using WaltVpn.ImageBuilder.Boards;
using WaltVpn.ImageBuilder.Initramfs;

namespace WaltVpn.ImageBuilder.BootFiles;

/// <summary>The agent, checked against the board it is to run on before anything is downloaded.</summary>
internal static class AgentProgram
{
    // elf(5), e_machine.
    private const ushort X64 = 62;
    private const ushort Arm64 = 183;

    /// <summary>What .NET marks a program with that has assemblies behind its end; the eight bytes before it say where, 0 for nowhere.</summary>
    private static readonly byte[] _bundleMark =
    [
        0x8b, 0x12, 0x02, 0xb9, 0x6a, 0x61, 0x20, 0x38, 0x72, 0x7b, 0x93, 0x02, 0x14, 0xd7, 0xa0, 0x32,
        0x13, 0xf5, 0xb9, 0xe6, 0xef, 0xae, 0x33, 0x18, 0xee, 0x3b, 0x2d, 0xce, 0x24, 0xb3, 0x6a, 0xae,
    ];

    /// <summary>Reads the file.</summary>
    /// <exception cref="ImageException">It cannot be read, is for another processor, or is not of the kind that was announced.</exception>
    public static byte[] Read(BuildInputs inputs)
    {
        string[] remedies =
        [
            $"that is the agent; build it: {HowToPublish(inputs.Board)}", "or name it: --agent PATH",
            "on a server: copy the folder beside artifacts/bin there, and type server/packaging/install again",
        ];
        using var file = InputFile.Open(inputs.Agent, "the agent's program", remedies);
        var program = new byte[file.Length];
        file.ReadExactly(program);
        Check(program, inputs);
        return program;
    }

    private static void Check(byte[] program, BuildInputs inputs)
    {
        var board = inputs.Board;
        ushort machine;
        try
        {
            machine = ElfDependencies.Read(program).Machine;
        }
        catch (FormatException error)
        {
            throw new ImageException($"{inputs.Agent} is no program: {error.Message}", error, $"the agent comes from: {HowToPublish(board)}");
        }

        if (machine != MachineOf(board))
        {
            throw new ImageException($"{inputs.Agent} is for {NameOf(machine)}; {board.Name} needs {NameOf(MachineOf(board))}",
                $"build the agent for that board: {HowToPublish(board)}");
        }

        if (HasTestRuntime(program) == inputs.TestRuntime) return;
        throw inputs.TestRuntime
            ? new ImageException($"{inputs.Agent} has no runtime for tests in it", "leave --test-runtime away")
            : new ImageException($"{inputs.Agent} brings a just-in-time compiler and is for tests",
                $"for a board: {HowToPublish(board)}", "for tests: the same command with --test-runtime");
    }

    private static bool HasTestRuntime(ReadOnlySpan<byte> program)
    {
        const int OffsetLength = 8;
        var mark = program.IndexOf(_bundleMark);
        return mark >= OffsetLength && BinaryPrimitives.ReadInt64LittleEndian(program[(mark - OffsetLength)..]) != 0;
    }

    private static ushort MachineOf(Board board) => board.Architecture switch
    {
        "amd64" => X64,
        "arm64" => Arm64,
        var other => throw new InvalidOperationException($"internal error: architecture {other}"),
    };

    private static string NameOf(ushort machine) => machine switch
    {
        X64 => "x86-64",
        Arm64 => "arm64",
        _ => FormattableString.Invariant($"another processor (ELF machine {machine})"),
    };

    private static string HowToPublish(Board board) => board.Architecture == "amd64" ? "scripts/publish" : $"scripts/publish --rid linux-{board.Architecture}";
}

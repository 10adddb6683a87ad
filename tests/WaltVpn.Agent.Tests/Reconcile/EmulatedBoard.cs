using System.Diagnostics;
using System.Text;
using Shouldly;
using WaltVpn.Agent.Board;
using WaltVpn.Agent.Enrollment;
using WaltVpn.Agent.Flash;
using WaltVpn.Agent.Following;
using WaltVpn.Agent.Reconcile;
using WaltVpn.Agent.Startup;
using WaltVpn.Agent.Tests.Unit.Flash;
using WaltVpn.Eeprom;
using WaltVpn.Eeprom.Tests;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Tests.Reconcile;

/// <summary>
/// A Raspberry Pi 5 as its agent sees it: a folder laid out like /, a chip, a state partition (a tmpfs). Root, in a private host. <see cref="Start"/> does
/// what power-on does: what the chip holds is what the board started with.
/// </summary>
internal sealed class EmulatedBoard : IDisposable
{
    private const string Tree = "sys/firmware/devicetree/base";

    private readonly WorkFolder _root = new();
    private readonly string _mountPoint = Directory.CreateTempSubdirectory("waltvpn-state").FullName;
    private int _boots;

    public EmulatedBoard(byte[]? chip = null)
    {
        Run("mount", "-t", "tmpfs", "tmpfs", _mountPoint);
        State = StatePartition.At(_mountPoint);
        Chip = new NorFlash(chip ?? SyntheticImage.Create(SyntheticImage.Pi5TwoPartitions));
        Flashrom = new FlashromModel(Chip) { Started = _ => Runs++ };
        _root.Write($"{Tree}/model", "Raspberry Pi 5 Model B Rev 1.0\0"u8);
        _root.Write($"{Tree}/system/linux,revision", [0x00, 0xd0, 0x41, 0x70]);
        foreach (var (alias, node, device) in (ReadOnlySpan<(string, string, string)>)[("blconfig", "nvram@0", "rmem0"), ("blpubkey", "nvram@1", "rmem1")])
        {
            _root.Write($"{Tree}/aliases/{alias}", Encoding.ASCII.GetBytes($"/reserved-memory/{node}\0"));
            _root.Write($"{Tree}/reserved-memory/{node}/status", "okay\0"u8);
            Directory.CreateDirectory(_root.At($"sys/devices/platform/{device}"));
            Directory.CreateSymbolicLink(_root.At($"sys/devices/platform/{device}/of_node"), $"../../../firmware/devicetree/base/reserved-memory/{node}");
            Directory.CreateDirectory(_root.At("sys/bus/nvmem/devices"));
            Directory.CreateSymbolicLink(_root.At($"sys/bus/nvmem/devices/{device}"), $"../../../devices/platform/{device}");
        }

        _root.Write("node_key", Encoding.ASCII.GetBytes(Desired.Key.Reveal()));
    }

    public NorFlash Chip { get; }

    /// <summary>Takes the place of the program.</summary>
    public IFlashrom Flashrom { get; set; }

    /// <summary>How flashrom reaches the chip.</summary>
    public FlashProgrammer Programmer { get; set; } = new("fast", "slow");

    public StatePartition State { get; set; }

    public string StateFolder => Path.Combine(_mountPoint, "eeprom");

    /// <summary>The state partition of a card that the board did not start from.</summary>
    public Func<StatePartition?> CardState { get; set; } = () => null;

    /// <summary>Starts of flashrom so far.</summary>
    public int Runs { get; private set; }

    public ImpatientTime Time { get; } = new();

    public RecordingLog Log { get; private set; } = new();

    /// <summary>What the chip holds.</summary>
    public EepromImage Image => EepromImage.Parse(Chip.Content);

    public BootConfig Config => BootConfig.Parse(Image.Read(EepromFiles.BootConfig));

    public static NodeKey Key(EmulatedBoard board) => new(board._root.At("node_key"), PublicKey(0));

    /// <summary>What the server tells node 0 of <see cref="SshMaterial"/>, when nothing was changed.</summary>
    public static SettingsDocument Document => new()
    {
        Version = 1,
        Platform = "lab",
        NodeId = SshMaterial.NodeId(0),
        Counter = 1_800_000_000,
        SshEntrypoints = ["ssh.example.org:22"],
        HostKeys = [Desired.Material.HostKeys[0]],
        HttpEntrypoint = new HttpEntrypoint { Host = "127.0.0.1", Port = 80, Path = "walt-vpn/boot/me" },
        BootMode = BootMode.Permissive,
        VpnMac = MacAddress.Parse("52:54:00:12:34:56"),
        BootKey = BootKey(Desired.Material.BootKeys[0]),
        Certificate = Desired.Certificate(0, 0).Line,
    };

    public static string BootKey(string pem)
    {
        using var key = System.Security.Cryptography.RSA.Create();
        key.ImportFromPem(pem);
        return Convert.ToBase64String(key.ExportSubjectPublicKeyInfo());
    }

    /// <summary>Power-on.</summary>
    /// <param name="startedWith">What the firmware says; null: what the chip holds.</param>
    public BoardEeprom Start(EepromImage? startedWith = null)
    {
        Log = new RecordingLog();
        var image = startedWith ?? Image;
        _root.Write("sys/devices/platform/rmem0/nvmem", [.. image.Read(EepromFiles.BootConfig), 0, 0]);
        _root.Write("sys/devices/platform/rmem1/nvmem", image.Read(EepromFiles.PublicKey));
        _root.Write("proc/sys/kernel/random/boot_id", Encoding.ASCII.GetBytes($"boot-{++_boots}\n"));
        var live = LiveConfig.Read(_root.Path).ShouldBeOfType<LiveConfig.Found>();
        return new BoardEeprom(live.Config, new BoardAccess(_root.Path, Flashrom, _ => Programmer, () => null, () => CardState()), Log, Time);
    }

    /// <summary>A whole start, with this told.</summary>
    /// <returns>Whether the board is to start again.</returns>
    public async Task<bool> Follow(SettingsDocument document, string knownAs = WayIn.Current)
    {
        await using var eeprom = Start();
        return await Follow(eeprom, document, knownAs);
    }

    public Task<bool> Follow(BoardEeprom eeprom, SettingsDocument document, string knownAs = WayIn.Current)
    {
        var way = new WayIn(new SshEntrypoint("ssh.example.org", 22), knownAs);
        return eeprom.Follow(new SettingsAnswer(way, document, document.ToBytes()), Key(this), State, default);
    }

    /// <summary>The firmware says where it has the system from.</summary>
    public void StartedFrom(byte mode) => _root.Write($"{Tree}/chosen/bootloader/boot-mode", [0, 0, 0, mode]);

    public void Dispose()
    {
        // What another test starts at this very moment may still have its files open.
        Run("umount", "--lazy", _mountPoint);
        Directory.Delete(_mountPoint);
        _root.Dispose();
    }

    private static string PublicKey(int node) => Desired.Certificate(node, 0).Key.Line;

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        process.ExitCode.ShouldBe(0, program);
    }
}

using System.Text;
using Shouldly;
using WaltVpn.Agent.Board;
using WaltVpn.Agent.Tests.Reconcile;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Board;

/// <summary>Folders laid out like /sys of a Raspberry Pi 5, with the links the kernel makes.</summary>
public sealed class LiveConfigTests : IDisposable
{
    private const string Tree = "sys/firmware/devicetree/base";
    private const string Node = "/reserved-memory/nvram@0";
    private const string Config = "[all]\nBOOT_ORDER=0xf7\n";

    private readonly WorkFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("\0\0\0")]
    [InlineData("\u00ff\u00ff")]
    [InlineData("\0garbage")]
    public void TheTextIsReadUpToWhereItEnds(string rest)
    {
        LayOut(Config + rest);
        var found = LiveConfig.Read(_root.Path).ShouldBeOfType<LiveConfig.Found>();
        Encoding.ASCII.GetString(found.Config.ToBytes()).ShouldBe(Config);
        found.Source.ShouldEndWith("rmem0/nvmem");
    }

    [Fact]
    public void OnlyTheDeviceOfTheAliasCounts()
    {
        LayOut(Config);
        AddDevice("a0", "/reserved-memory/nvram@1", "[all]\nWRONG=1\n");
        Directory.CreateDirectory(_root.At("sys/bus/nvmem/devices/b0"));
        LiveConfig.Read(_root.Path).ShouldBeOfType<LiveConfig.Found>().Config.Find("BOOT_ORDER").ShouldBe("0xf7");
    }

    [Fact]
    public void WithoutADeviceTheDriverIsMissing()
    {
        LayOut(Config);
        File.Delete(_root.At("sys/bus/nvmem/devices/rmem0"));
        Absent(LiveConfigAbsence.NoDriver).ShouldContain("modprobe nvmem-rmem");
        Directory.Delete(_root.At("sys/bus/nvmem"), recursive: true);
        Absent(LiveConfigAbsence.NoDriver).ShouldContain("modprobe nvmem-rmem");
    }

    [Fact]
    public void WithoutAliasOrNodeTheDeviceTreeSaysNothing()
    {
        LayOut(Config);
        _root.Write($"{Tree}{Node}/status", "disabled\0"u8);
        Absent(LiveConfigAbsence.NoNode).ShouldContain("disabled");
        Directory.Delete(_root.At(Tree + Node), recursive: true);
        Absent(LiveConfigAbsence.NoNode).ShouldContain(Node);
        _root.Write($"{Tree}/aliases/blconfig", "../../../../etc\0"u8);
        Absent(LiveConfigAbsence.NoNode).ShouldContain("which is no node");
        File.Delete(_root.At($"{Tree}/aliases/blconfig"));
        Absent(LiveConfigAbsence.NoNode).ShouldContain("waltvpn-image");
    }

    [Fact]
    public void OtherMachinesHaveNone()
    {
        Absent(LiveConfigAbsence.NotARaspberryPi).ShouldContain("no device tree");
        _root.Write($"{Tree}/model", "linux,dummy-virt\0"u8);
        Absent(LiveConfigAbsence.NotARaspberryPi).ShouldContain("linux,dummy-virt");
        _root.Write($"{Tree}/model", "Raspberry Pi 3 Model B Plus Rev 1.3\0"u8);
        _root.Write($"{Tree}/system/linux,revision", [0x00, 0xa0, 0x20, 0xd3]);
        Absent(LiveConfigAbsence.NoBootEeprom).ShouldContain("revision a020d3");
    }

    [Fact]
    public void TheBootKeyIsReadWhereTheDeviceTreeHasAPlaceForIt()
    {
        LayOut(Config);
        LiveConfig.ReadBootKey(_root.Path).ShouldBeNull();
        _root.Write($"{Tree}/aliases/blpubkey", "/reserved-memory/nvram@1\0"u8);
        Directory.CreateDirectory(_root.At($"{Tree}/reserved-memory/nvram@1"));
        LiveConfig.ReadBootKey(_root.Path).ShouldBeNull();
        AddDevice("rmem1", "/reserved-memory/nvram@1", new string('k', 512));
        LiveConfig.ReadBootKey(_root.Path).ShouldBe(Encoding.ASCII.GetBytes(new string('k', 264)));
    }

    private string Absent(LiveConfigAbsence why)
    {
        var absent = LiveConfig.Read(_root.Path).ShouldBeOfType<LiveConfig.Absent>();
        absent.Why.ShouldBe(why);
        return absent.Reason;
    }

    private void LayOut(string config)
    {
        _root.Write($"{Tree}/model", "Raspberry Pi 5 Model B Rev 1.0\0"u8);
        _root.Write($"{Tree}/system/linux,revision", [0x00, 0xd0, 0x41, 0x70]);
        _root.Write($"{Tree}/aliases/blconfig", Encoding.ASCII.GetBytes(Node + "\0"));
        _root.Write($"{Tree}{Node}/status", "okay\0"u8);
        Directory.CreateDirectory(_root.At("sys/bus/nvmem/devices"));
        AddDevice("rmem0", Node, config);
    }

    private void AddDevice(string name, string node, string config)
    {
        var device = $"sys/devices/platform/{name}.nvram/{name}";
        _root.Write($"{device}/nvmem", Encoding.Latin1.GetBytes(config));
        Directory.CreateSymbolicLink(_root.At($"{device}/of_node"), $"../../../../firmware/devicetree/base{node}");
        Directory.CreateSymbolicLink(_root.At($"sys/bus/nvmem/devices/{name}"), $"../../../devices/platform/{name}.nvram/{name}");
    }
}

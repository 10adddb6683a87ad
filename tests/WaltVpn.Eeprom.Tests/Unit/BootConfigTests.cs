using System.Text;

namespace WaltVpn.Eeprom.Tests.Unit;

public sealed class BootConfigTests
{
    private const string Operators =
        "# of the lab\n[all]\nBOOT_UART=1\n\n[pi5]\nBOOT_UART=0\nPSU_MAX_CURRENT=5000\n[gpio4=0]\nBOOT_ORDER=0xf4\n[all]\nUNKNOWN=yes\n# end\n"
        + "[config.txt]\nBOOT_UART=2\n";

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("A=1")]
    [InlineData("[all]\r\nA=1\r\n\r\nB\r=2\n")]
    [InlineData(Operators)]
    [InlineData("caf\u00e9 # \u00ff=\u0001")]
    public void WhatIsNotEditedStaysByteForByte(string text)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        BootConfig.Parse(bytes).ToBytes().ShouldBe(bytes);
    }

    [Theory]
    [InlineData("BOOT_UART", "1")]
    [InlineData("UNKNOWN", "yes")]
    [InlineData("PSU_MAX_CURRENT", null)]
    [InlineData("BOOT_ORDER", null)]
    [InlineData("boot_uart", null)]
    public void OnlyWhatCountsEverywhereIsFound(string name, string? value) => Parse(Operators).Find(name).ShouldBe(value);

    [Fact]
    public void WhatCountsSomewhereIsFoundWithItsSection()
    {
        Parse(Operators).FindConditional("BOOT_UART").Select(line => line.Filter).ShouldBe(["[pi5]"]);
        Parse(Operators).FindConditional("BOOT_ORDER").Select(line => line.Filter).ShouldBe(["[gpio4=0]"]);
    }

    [Theory]
    [InlineData("", "A", "1", "[all]\nA=1\n")]
    [InlineData("A=0\n", "A", "1", "A=1\n")]
    [InlineData("A=0", "A", "1", "A=1")]
    [InlineData("B=0", "A", "1", "B=0\nA=1\n")]
    [InlineData("B=0\r\n", "A", "1", "B=0\r\nA=1\r\n")]
    [InlineData("[all]\nA=0\nA=2\n", "A", "1", "[all]\nA=1\n")]
    [InlineData("[all]\n#A=0\n\n\n", "A", "1", "[all]\nA=1\n#A=0\n\n\n")]
    [InlineData("[pi5]\nA=0\n", "A", "1", "[pi5]\nA=0\n[all]\nA=1\n")]
    [InlineData("[pi5]\nA=0\n[all]\n[pi4]\nA=2\n", "A", "1", "[pi5]\nA=0\n[all]\nA=1\n[pi4]\nA=2\n")]
    [InlineData("[config.txt]\nA=0\n", "A", "1", "[all]\nA=1\n[config.txt]\nA=0\n")]
    [InlineData("[pi5]\nA=0\n[config.txt]\nx", "A", "1", "[pi5]\nA=0\n[all]\nA=1\n[config.txt]\nx")]
    [InlineData("# only a comment", "A", "1", "# only a comment\n[all]\nA=1\n")]
    [InlineData("B=0\r", "A", "1", "B=0\r\nA=1\n")]
    [InlineData("[config.txt]\r", "A", "1", "[all]\nA=1\n[config.txt]\r")]
    [InlineData(" [all]\nA=0\n", "A", "1", " [all]\nA=0\n[all]\nA=1\n")]
    public void AVariableIsSetForAllBoards(string before, string name, string value, string after)
    {
        var edited = Parse(before).With(name, value);
        Text(edited).ShouldBe(after);
        edited.Find(name).ShouldBe(value);
        Text(edited.With(name, value)).ShouldBe(after, "setting it again changes nothing");
    }

    [Theory]
    [InlineData("A=0\nB=1\nA=2", "A", "B=1\n")]
    [InlineData("[pi5]\nA=0\n[all]\nA=1\n[config.txt]\nA=2\n", "A", "[pi5]\nA=0\n[all]\n[config.txt]\nA=2\n")]
    [InlineData("B=1\n", "A", "B=1\n")]
    public void AVariableIsRemovedForAllBoards(string before, string name, string after) => Text(Parse(before).Without(name)).ShouldBe(after);

    [Theory]
    [InlineData("A B", "1")]
    [InlineData("", "1")]
    [InlineData("1A", "1")]
    [InlineData("A=", "1")]
    [InlineData("A", "1\nB=2")]
    [InlineData("A", "1\r")]
    [InlineData("A", "\0")]
    [InlineData("A", " 1")]
    [InlineData("A", "1 ")]
    [InlineData("A", "\u00e9")]
    [InlineData("HTTP_HOST", "http://vpn.example.org")]
    [InlineData("HTTP_HOST", "VPN.example.org")]
    [InlineData("HTTP_HOST", "vpn_example.org")]
    [InlineData("HTTP_HOST", "-o.example.org")]
    [InlineData("HTTP_HOST", "vpn.example.org:80")]
    [InlineData("HTTP_HOST", "")]
    [InlineData("HTTP_PORT", "0")]
    [InlineData("HTTP_PORT", "65536")]
    [InlineData("HTTP_CACERT_HASH", "abc")]
    [InlineData("BOOT_ORDER", "f41")]
    [InlineData("BOOT_ORDER", "0x")]
    [InlineData("BOOT_ORDER", "0xf48")]
    [InlineData("BOOT_ORDER", "0x123456789")]
    [InlineData("BOOT_UART", "yes")]
    [InlineData("DHCP_REQ_TIMEOUT", "499")]
    [InlineData("DHCP_TIMEOUT", "4999")]
    [InlineData("TFTP_FILE_TIMEOUT", "4999")]
    [InlineData("TFTP_IP", "10.0.0")]
    [InlineData("TFTP_PREFIX", "3")]
    [InlineData("MAX_RESTARTS", "-2")]
    [InlineData("WALT_VPN_MAC", "ff:ff:ff:ff:ff:ff")]
    [InlineData("WALT_VPN_ENTRYPOINT", "-oProxyCommand=x")]
    [InlineData("WALT_VPN_BOOT_MODE", "relaxed")]
    public void WhatTheBootloaderWouldNotTakeIsRefused(string name, string value)
    {
        var error = Should.Throw<EepromException>(() => BootConfig.Empty.With(name, value));
        error.Fault.ShouldBe(EepromFault.BadConfig);
        error.Message.ShouldContain(name);
    }

    [Theory]
    [InlineData("BOOT_ORDER", "0xf41")]
    [InlineData("HTTP_HOST", "vpn.example.org")]
    [InlineData("HTTP_HOST", "10.0.0.1")]
    [InlineData("DHCP_REQ_TIMEOUT", "500")]
    [InlineData("MAX_RESTARTS", "-1")]
    [InlineData("TFTP_IP", "")]
    [InlineData("PXE_OPTION43", "Raspberry Pi Boot")]
    [InlineData("WALT_VPN_ENTRYPOINT", "2001:db8::1")]
    public void WhatItTakesIsWritten(string name, string value) => BootConfig.Empty.With(name, value).Find(name).ShouldBe(value);

    [Fact]
    public void ProblemsAreNamedWithTheirLines()
    {
        var problems = Parse("[all]\nHTTP_HOST=http://x\nBOOT_UART =1\nA=1\nA=2\n[pi5]\nA=3\nBOOT_ORDER=f41\n[config.txt]\nnonsense\n").FindProblems();
        problems.Select(problem => (problem.Line, problem.IsError)).ShouldBe([(2, true), (3, false), (4, false), (8, true)]);
        Parse(Operators).FindProblems().ShouldBeEmpty();
    }

    [Fact]
    public void SecretsAreNotShownWhereverTheyStand()
    {
        const string Secret = "H4sIAAAA";
        var config = Parse(
            $"[all]\nWALT_VPN_CREDS={Secret}\n#WALT_VPN_CREDS={Secret}\n[pi5]\nWALT_VPN_CREDS={Secret}\n{Secret}\n{Secret}=\n{Secret}==\nBOOT_UART=1\n"
            + $"[config.txt]\nTOKEN={Secret}\n\u001b[2J\n");
        config.WithoutSecrets().ShouldBe(
            "[all]\nWALT_VPN_CREDS=***\n#WALT_VPN_CREDS=***\n[pi5]\nWALT_VPN_CREDS=***\n***\n***\n***\nBOOT_UART=1\n"
            + "[config.txt]\nTOKEN=***\n?[2J\n");
        string.Concat(config.Lines).ShouldNotContain(Secret);
    }

    [Fact]
    public void ANulByteIsNoText() => Should.Throw<EepromException>(() => BootConfig.Parse("A=1\n\0"u8)).Message.ShouldContain("byte 4");

    [Theory]
    [InlineData("0xf41", new[] { BootWay.SdCard, BootWay.UsbStorage, BootWay.Restart })]
    [InlineData("0xf7", new[] { BootWay.Http, BootWay.Restart })]
    [InlineData("0xf127", new[] { BootWay.Http, BootWay.Network, BootWay.SdCard, BootWay.Restart })]
    [InlineData("0x0", new[] { BootWay.SdCardDetect })]
    [InlineData("0xe0654", new[] { BootWay.UsbStorage, BootWay.BcmUsbStorage, BootWay.Nvme, BootWay.SdCardDetect, BootWay.Stop })]
    public void TheBootOrderIsReadFromRightToLeft(string text, BootWay[] ways)
    {
        BootOrder.TryParse(text, out var order).ShouldBeTrue();
        order.Ways.ShouldBe(ways);
        order.ToString().ShouldBe(text);
    }

    [Fact]
    public void TheBudgetAddsUp()
    {
        var config = Parse("# c\n[all]\nA=1\nLONG=22222\n[pi5]\nA=333\n");
        var budget = ConfigBudget.Of(config, 100);
        budget.Variables.ShouldBe([new("LONG", 11), new("A", 10)]);
        budget.Other.ShouldBe(4 + 6 + 6);
        budget.Used.ShouldBe(config.ToBytes().Length);
        budget.Free.ShouldBe(100 - budget.Used);
    }

    private static BootConfig Parse(string text) => BootConfig.Parse(Encoding.Latin1.GetBytes(text));

    private static string Text(BootConfig config) => Encoding.Latin1.GetString(config.ToBytes());
}

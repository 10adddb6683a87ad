using WaltVpn.ImageBuilder.Tests.Qemu;

namespace WaltVpn.ImageBuilder.Tests.Unit;

/// <summary>waltvpn-image as a process of its own: what it says when it is called wrongly, or with a file that is not what it should be.</summary>
public sealed class CommandLineTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("", "command", "'waltvpn-image' takes: fetch, sd, boot-img, guest-img, inspect, eeprom")]
    [InlineData("inspekt", "'inspekt'", "'waltvpn-image' takes: fetch, sd, boot-img, guest-img, inspect, eeprom")]
    [InlineData("inspect", "image", "'waltvpn-image inspect' takes: image, --output text|json")]
    [InlineData("inspect x.img y.img", "'y.img'", "--output text|json")]
    [InlineData("inspect x.img -o xml", "'xml'", "'json'")]
    [InlineData("fetch --bord qemu-x64", "'--bord'", "--board NAME")]
    [InlineData("sd --board qemu-x64 --settings node.yaml", "'--output'", "--output FILE")]
    [InlineData("sd --board qemu-x64 --settings node.yaml --output x.img extra", "'extra'", "--force")]
    [InlineData("eeprom", "command", "'waltvpn-image eeprom' takes: show, config, extract, verify")]
    [InlineData("eeprom show", "firmware", "'waltvpn-image eeprom show' takes: firmware, --output text|json")]
    [InlineData("eeprom config x.bin --output y.bin", "nothing to change", "--config FILE, --pubkey FILE")]
    [InlineData("eeprom config x.bin --timestamp 4294967295", "--timestamp 4294967295", "--timestamp SECONDS")]
    [InlineData("eeprom verify x.bin --pubkey y.pem", "'--pubkey'", "--output text|json")]
    public async Task WrongUsageNamesTheMistakeAndWhatIsRight(string line, string mistake, string right)
    {
        var (status, output, errors) = await ImageProgram.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        status.ShouldBe(2);
        output.ShouldBeEmpty();
        errors.ShouldContain(mistake);
        errors.ShouldContain(right);
        errors.ShouldContain("--help'");
    }

    [Fact]
    public async Task AnUnknownBoardIsWrongUsage()
    {
        var (status, _, errors) = await ImageProgram.RunAsync(["fetch", "--board", "raspi9"]);
        status.ShouldBe(2);
        errors.ShouldContain("boards: qemu-x64, rpi-3-b-plus, rpi-4-b, rpi-5-b");
    }

    [Theory]
    [InlineData("boot-img", "--epoch", "-1", "--epoch takes 0 to")]
    [InlineData("sd", "--size", "700", "--size takes 512, 1024, 2048")]
    [InlineData("sd", "--size", "256", "--size takes 512, 1024, 2048")]
    [InlineData("sd", "--compress", "rar", "--compress takes zstd or gz")]
    public async Task AValueOutsideItsRangeIsWrongUsage(string command, string option, string value, string reason)
    {
        string[] settings = command == "sd" ? ["--settings", "none"] : [];
        var (status, _, errors) = await ImageProgram.RunAsync([command, "--board", "qemu-x64", .. settings, "--output", _folder["made"], option, value]);
        status.ShouldBe(2);
        errors.ShouldContain(reason);
        Directory.Exists(_folder["made"]).ShouldBeFalse();
    }

    [Theory]
    [InlineData("ftp://deb.example.org/debian")]
    [InlineData("http://deb.example.org/debian trixie main")]
    [InlineData("deb.example.org")]
    public async Task AMirrorThatIsNoAddressIsWrongUsage(string mirror)
    {
        var (status, _, errors) = await ImageProgram.RunAsync(["fetch", "--board", "rpi-5-b", "--mirror", mirror, "--cache", _folder["cache"], "--lock", _folder["x.lock"]]);
        status.ShouldBe(2);
        errors.ShouldContain("write it like http");
    }

    [Theory]
    [InlineData("fetch")]
    [InlineData("sd")]
    [InlineData("boot-img")]
    [InlineData("inspect")]
    [InlineData("eeprom")]
    [InlineData("eeprom show")]
    [InlineData("eeprom config")]
    [InlineData("eeprom extract")]
    [InlineData("eeprom verify")]
    public async Task HelpOfEachCommandHasAnExample(string command)
    {
        var (status, output, _) = await ImageProgram.RunAsync([.. command.Split(' '), "--help"]);
        status.ShouldBe(0);
        output.ShouldContain($"  waltvpn-image {command} ");
    }

    [Fact]
    public async Task AMissingFileIsToldFromAFolder()
    {
        (await RefusedAsync("inspect", _folder["no.img"])).ShouldContain($"there is no file {_folder["no.img"]}");
        (await RefusedAsync("inspect", _folder.Path)).ShouldContain($"{_folder.Path} is a folder, not an image");
        (await SdAsync(_folder["no.yaml"])).ShouldContain("sudo waltvpn setup-node --output node.yaml");
        (await SdAsync(_folder.Path)).ShouldContain("is a folder, not a settings file");
        (await SdAsync("/no/such/folder/node.yaml")).ShouldContain("there is no file /no/such/folder/node.yaml");
    }

    [Fact]
    public async Task AFileOfSomebodyElseIsNotCalledMissing()
    {
        HostProgram.Require("setpriv", "chown");
        var file = _folder["theirs"];
        await File.WriteAllTextAsync(file, "secret", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(file, UnixFileMode.None);
        // Root reads everything, unless that right is taken away.
        List<string> withoutRights = Environment.IsPrivilegedProcess ? ["--bounding-set=-dac_override,-dac_read_search"] : [];
        foreach (var command in (string[][])[["inspect", file], ["sd", "--board", "qemu-x64", "--settings", file, "--output", _folder["x.img"]]])
        {
            var (status, _, errors) = await HostProgram.RunAsync("setpriv", [.. withoutRights, ImageProgram.Path, .. command]);
            status.ShouldBe(1);
            errors.ShouldContain($"{file} may not be read by ");
            errors.ShouldContain($"sudo chown {Environment.UserName} {file}");
        }
    }

    [Fact]
    public async Task ATextIsNoImage()
    {
        await File.WriteAllTextAsync(_folder["x.img"], "not an image", TestContext.Current.CancellationToken);
        (await RefusedAsync("inspect", _folder["x.img"])).ShouldContain("is no WaltVpn image");
    }

    private Task<string> SdAsync(string settings) => RefusedAsync("sd", "--board", "qemu-x64", "--settings", settings, "--output", _folder["x.img"]);

    private static async Task<string> RefusedAsync(params IReadOnlyList<string> arguments)
    {
        var (status, output, errors) = await ImageProgram.RunAsync(arguments);
        status.ShouldBe(1, errors);
        output.ShouldBeEmpty();
        return errors;
    }
}

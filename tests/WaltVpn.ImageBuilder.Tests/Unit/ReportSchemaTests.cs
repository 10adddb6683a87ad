using System.Text.Json;
using System.Text.RegularExpressions;
using WaltVpn.ImageBuilder.Inspect;

namespace WaltVpn.ImageBuilder.Tests.Unit;

public sealed class ReportSchemaTests
{
    private static readonly FileReport _file = new("name", 1);

    private static readonly ImageReport _report = new()
    {
        Image = "/x.img",
        Bytes = 1,
        Board = "qemu-x64",
        BuilderVersion = "1",
        BuildTime = DateTimeOffset.UnixEpoch,
        Kernel = "6",
        TestRuntime = true,
        Partitions = [new PartitionReport(1, "fat32", "X", 1, 1, [_file])],
        Settings = new SettingsReport { Platform = "x", SshEntrypoints = ["x"], HostKeys = ["x"], EnrollmentKey = "***", Problems = ["x"] },
        Initramfs = new InitramfsReport(1, 1, 1, "x", [_file], [_file], ["x"]),
        Packages = [new PackageReport("x", "1")],
    };

    [Fact]
    public void TheHelpNamesEveryMemberOfTheJsonWithItsTypeAndNoOther()
    {
        using var json = JsonDocument.Parse(JsonSerializer.Serialize(_report, ReportJson.Default.ImageReport));
        var documented = Regex.Matches(ReportSchema.Text, @"^  (\S+) +(string|number|boolean) ", RegexOptions.Multiline).Select(line => $"{line.Groups[1]} {line.Groups[2]}");
        documented.ShouldBe(Members("", json.RootElement));
    }

    internal static IEnumerable<string> Members(string path, JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member => Members(path.Length == 0 ? member.Name : $"{path}.{member.Name}", member.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(item => Members($"{path}[]", item)),
        JsonValueKind.True or JsonValueKind.False => [$"{path} boolean"],
        _ => [$"{path} {element.ValueKind.ToString().ToLowerInvariant()}"],
    };
}

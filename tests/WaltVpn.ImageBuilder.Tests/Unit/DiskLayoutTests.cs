using WaltVpn.ImageBuilder.Boards;
using WaltVpn.ImageBuilder.SdImage;

namespace WaltVpn.ImageBuilder.Tests.Unit;

public sealed class DiskLayoutTests
{
    public static TheoryData<string> Boards => [.. BoardCatalog.All.Select(board => board.Name)];

    [Theory]
    [MemberData(nameof(Boards))]
    public async Task SfdiskMakesTheKeptTable(string name)
    {
        HostProgram.Require("sfdisk");
        using var folder = new TemporaryFolder();
        var layout = DiskLayout.Of(BoardCatalog.Find(name));
        await HostProgram.CheckAsync("truncate", ["-s", $"{layout.Bytes}", folder["disk"]]);
        await HostProgram.CheckAsync("sfdisk", ["--quiet", "disk"], folder.Path, System.Text.Encoding.UTF8.GetBytes(layout.ToSfdisk(0x1234abcd)));
        var dump = await HostProgram.CheckAsync("sfdisk", ["--dump", "disk"], folder.Path);
        await Vector.ShouldMatchAsync($"images/{name}.sfdisk", dump);
    }

    [Theory]
    [MemberData(nameof(Boards))]
    public void ACardsSizeIsAPowerOfTwo(string name) => long.IsPow2(DiskLayout.Of(BoardCatalog.Find(name)).Bytes).ShouldBeTrue();

    [Fact]
    public void AnUnknownBoardIsAnsweredWithTheKnownOnes() =>
        Should.Throw<ImageException>(() => BoardCatalog.Find("pi")).Hints.ShouldHaveSingleItem().ShouldContain("qemu-x64");
}

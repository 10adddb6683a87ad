using Shouldly;
using WaltVpn.Agent.Guests;
using WaltVpn.Agent.Tests.Unit.BootFiles;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Guests;

public sealed class GuestImageTests : IDisposable
{
    private static readonly GuestKind Kind = new("guest-x64", "/usr/bin/qemu-system-x86_64", "pc", "Nehalem");
    private readonly string _folder = Directory.CreateTempSubdirectory("waltvpn-guest-").FullName;
    private readonly ImageServer _server = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private GuestSource Source => new(_server.Source.Server, _server.Source.Path);

    public void Dispose()
    {
        _server.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private Task<GuestFiles> Fetch(long floor = 0) =>
        new GuestImage(Path.Combine(_folder, "image"), _server.Source.Key, Kind).Fetch(Source, floor, Cancellation);

    private async Task<string> Refusal(long floor = 0) => (await Should.ThrowAsync<StageException>(Fetch(floor))).Message;

    [Fact]
    public async Task SignedImageIsFetchedAndUnpacked()
    {
        _server.Image = SignedImage.Make("a kernel", SignedImage.Manifest(epoch: 3, board: Kind.Name));
        var files = await Fetch(floor: 3);
        (await File.ReadAllTextAsync(files.Kernel, Cancellation)).ShouldBe("a kernel");
        new FileInfo(files.Initramfs).Length.ShouldBe(5000);
        (files.CommandLine, files.Epoch, files.Sha256).ShouldBe(("console=ttyS0 panic=10", 3, _server.Image.Sha256));
        File.Exists(Path.Combine(_folder, "image/boot.img")).ShouldBeFalse("it only takes room");
    }

    [Fact]
    public async Task ImageThatIsNotSignedForThisGuestIsRefused()
    {
        _server.Image = SignedImage.Make("a kernel", SignedImage.Manifest(board: Kind.Name), SignedImage.OtherKey);
        (await Refusal()).ShouldContain("not signed with this platform's boot key");
        _server.Image = SignedImage.Make("a kernel", SignedImage.Manifest());
        (await Refusal()).ShouldContain("it is for qemu-x64, and this board is guest-x64");
        _server.Image = SignedImage.Make("a kernel", SignedImage.Manifest(epoch: 2, board: Kind.Name));
        (await Refusal(floor: 3)).ShouldContain("its epoch 2 is older than 3");
        var signed = SignedImage.Make("a kernel", SignedImage.Manifest(board: Kind.Name));
        _server.Image = signed with { Content = [.. signed.Content.Select((value, at) => at == signed.Content.Length - 1 ? (byte)~value : value)] };
        (await Refusal()).ShouldContain("it is not the one that its boot.sig is for");
        Directory.EnumerateFiles(Path.Combine(_folder, "image")).ShouldBeEmpty();
    }

    [Fact]
    public async Task ServerThatHasNoneOrBreaksOffIsSaid()
    {
        (await Refusal()).ShouldContain("status 404; boot.sig must lie beside boot.img");
        _server.Image = SignedImage.Make("a kernel", SignedImage.Manifest(board: Kind.Name));
        _server.BreaksAfter = 100_000;
        (await Refusal()).ShouldContain("before the end");
        _server.Instead["boot.sig"] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        (await Refusal()).ShouldContain("its boot.sig is none");
    }
}

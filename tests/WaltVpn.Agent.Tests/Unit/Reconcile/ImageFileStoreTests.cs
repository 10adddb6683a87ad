using Shouldly;
using WaltVpn.Agent.Flash;
using WaltVpn.Agent.Reconcile;
using WaltVpn.Agent.Tests.Reconcile;
using WaltVpn.Eeprom.Tests;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Reconcile;

public sealed class ImageFileStoreTests : IDisposable
{
    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task WhatIsWrittenIsReadAndForItsOwnerOnly()
    {
        var image = SyntheticImage.Create(SyntheticImage.Pi4);
        _folder.Write("pieeprom.bin", "old"u8);
        _folder.Write("pieeprom.bin.new", "of a write that was cut off"u8);
        var store = new ImageFileStore(_folder.At("pieeprom.bin"));
        (await store.Write(image, TestContext.Current.CancellationToken)).ShouldBe(FlashOutcome.Written);
        (await store.Read(TestContext.Current.CancellationToken)).ShouldBe(image);
        Directory.GetFiles(_folder.Path).ShouldBe([_folder.At("pieeprom.bin")]);
        File.GetUnixFileMode(_folder.At("pieeprom.bin")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task WhatCannotBeReadOrWrittenIsSaid()
    {
        var store = new ImageFileStore(_folder.At("none/pieeprom.bin"));
        (await Should.ThrowAsync<FlashException>(() => store.Read(TestContext.Current.CancellationToken))).Message.ShouldContain("cannot be read");
        var writing = await Should.ThrowAsync<FlashException>(() => store.Write([1], TestContext.Current.CancellationToken));
        writing.Message.ShouldContain("holds what it held before");
    }
}

using Shouldly;
using WaltVpn.Agent.Enrollment;
using WaltVpn.Agent.Reconcile;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Reconcile;

public sealed class ReconcileOptionsTests
{
    [Fact]
    public void WithoutWordsTheDefaultsHold()
    {
        ReconcileOptions.TryParse([], out var options, out _).ShouldBeTrue();
        (options!.Server.ToString(), options.KeyType, options.TrustHttp, options.DryRun).ShouldBe(("http://server.walt/", KeyType.Ed25519, false, false));
    }

    [Fact]
    public void WaltsServerMeansItsKeysAndItsTrust()
    {
        ReconcileOptions.TryParse(["--server-type", "walt"], out var options, out _).ShouldBeTrue();
        (options!.KeyType, options.TrustHttp).ShouldBe((KeyType.EcdsaP384, true));
        ReconcileOptions.TryParse(["--server-type=walt", "--key-type=ed25519"], out options, out _).ShouldBeTrue();
        options!.KeyType.ShouldBe(KeyType.Ed25519);
    }

    [Theory]
    [InlineData("--server", "needs a value")]
    [InlineData("--server https://server.walt", "expected http://")]
    [InlineData("--server server.walt", "expected http://")]
    [InlineData("--server http://server.walt/x", "expected http://")]
    [InlineData("--server http://u@server.walt", "expected http://")]
    [InlineData("--server-type other", "expected walt or waltvpn")]
    [InlineData("--key-type rsa", "expected ed25519 or ecdsa")]
    [InlineData("--image=", "needs a value")]
    [InlineData("--dry-run=1", "takes no value")]
    [InlineData("--rollback", "needs --state")]
    [InlineData("--image a --programmer b", "exclude each other")]
    [InlineData("--frobnicate", "unknown option --frobnicate")]
    [InlineData("image.bin", "unknown option image.bin")]
    public void AMistakeIsSaid(string words, string mistake)
    {
        ReconcileOptions.TryParse(words.Split(' '), out var options, out var said).ShouldBeFalse();
        options.ShouldBeNull();
        said!.ShouldContain(mistake);
    }
}

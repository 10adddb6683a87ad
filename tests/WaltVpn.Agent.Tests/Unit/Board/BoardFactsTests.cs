using Shouldly;
using WaltVpn.Agent.Board;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Board;

public sealed class BoardFactsTests
{
    [Theory]
    [InlineData("Raspberry Pi 5 Model B Rev 1.0\0", "Raspberry Pi 5 Model B Rev 1.0")]
    [InlineData("evil\u001b[2J\u202e", "evil?[2J?")]
    [InlineData("", "unknown")]
    public void AModelIsPrintableAscii(string text, string model) => BoardFacts.CleanModel(text).ShouldBe(model);

    [Fact]
    public void AModelIsCutAtSixtyFourCharacters() => BoardFacts.CleanModel(new string('x', 200)).Length.ShouldBe(64);

    [Theory]
    [InlineData("10000000abcdef01\0", "10000000abcdef01")]
    [InlineData("To be filled; $(x)\n", "Tobefilledx")]
    public void ASerialHasOnlyWhatASerialHas(string text, string serial) => BoardFacts.CleanSerial(text).ShouldBe(serial);
}

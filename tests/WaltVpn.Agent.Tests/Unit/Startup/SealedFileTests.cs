using Shouldly;
using WaltVpn.Agent.Startup;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Startup;

/// <summary>docs/security.md NODE-3: damage of a state file is seen.</summary>
public sealed class SealedFileTests
{
    [Fact]
    public void EveryFlippedByteAndEveryCutIsSeen()
    {
        var content = """{"platform":"lab"}"""u8.ToArray();
        var file = SealedFile.Seal(content);
        SealedFile.Open(file).ToArray().ShouldBe(content);
        for (var i = 0; i < file.Length; i++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var damaged = file.ToArray();
                damaged[i] ^= (byte)(1 << bit);
                Should.Throw<FormatException>(() => SealedFile.Open(damaged).ToArray());
            }

            Should.Throw<FormatException>(() => SealedFile.Open(file.AsSpan(0, i)).ToArray());
        }
    }
}

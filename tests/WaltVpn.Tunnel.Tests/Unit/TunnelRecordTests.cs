using Shouldly;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Tunnel.Tests.Unit;

/// <summary>docs/protocol.md "Version 2"; docs/security.md L2-1, L2-10.</summary>
public sealed class TunnelRecordTests
{
    private static readonly int[] Bounds = [0, 1, 2, 3, 4, 8, 64, 512, 65536, 65559, (1 << 24) - 1];

    [Fact]
    public void EachTypeHasItsLengthsAndNoOthers()
    {
        var prefix = new byte[TunnelRecord.PrefixLength];
        for (var type = 0; type < 256; type++)
        {
            foreach (var length in Bounds.SelectMany(bound => new[] { bound - 1, bound, bound + 1 }).Where(length => length is >= 0 and < 1 << 24).Distinct())
            {
                (prefix[0], prefix[1], prefix[2], prefix[3]) = ((byte)type, (byte)(length >> 16), (byte)(length >> 8), (byte)length);
                var fits = type switch
                {
                    1 => length is >= 4 and <= 64,
                    2 => length is >= 24 and <= 65559,
                    3 or 4 => length == 8,
                    5 => length is >= 2 and <= 65536,
                    6 => length <= 512,
                    _ => false,
                };
                TunnelRecord.TryReadPrefix(prefix, out var readType, out var readLength).ShouldBe(fits, $"type {type}, {length} bytes");
                ((int)readType, readLength).ShouldBe((type, length));
                // The prefix alone is enough to refuse, behind an offer that was accepted; a hello stands behind a marker only.
                var reader = new TunnelReader { HasRecords = true };
                prefix.CopyTo(reader.Free);
                reader.Received(prefix.Length);
                (reader.Next(out _) == TunnelStep.Refused).ShouldBe(!fits || type == 1);
                if (!fits) Should.Throw<ArgumentOutOfRangeException>(() => TunnelRecord.WritePrefix(new byte[4], (TunnelRecordType)type, length));
            }
        }
    }

    [Fact]
    public void HelloIsReadAsItWasWritten()
    {
        var bytes = new byte[TunnelHello.MinLength];
        foreach (var large in (bool[])[false, true])
        {
            for (var seconds = 0; seconds <= ushort.MaxValue; seconds++)
            {
                var hello = new TunnelHello(large, TimeSpan.FromSeconds(seconds));
                hello.Write(bytes);
                TunnelHello.TryRead(bytes, out var read).ShouldBe(seconds is >= 3 and <= 60);
                read.ShouldBe(hello);
                // What a later version says more is no hindrance.
                TunnelHello.TryRead([.. bytes, 1, 2, 3], out read).ShouldBe(seconds is >= 3 and <= 60);
            }
        }

        TunnelHello.TryRead([1, 1, 0, 15], out _).ShouldBeFalse();
        TunnelHello.TryRead([3, 0xFF, 0, 15], out var later).ShouldBeTrue();
        later.LargeFrames.ShouldBeTrue();
    }

    [Theory]
    [InlineData("""{"kind":"settingsChanged"}""", true)]
    [InlineData("""{"kind":"settingsChanged","later":{"a":[1,{"b":2}]}}""", true)]
    [InlineData("""{"kind":"x"} """, true)]
    [InlineData("""{"kind":"x"}{}""", false)]
    [InlineData("""{"kind":null}""", false)]
    [InlineData("""{"Kind":"x"}""", false)]
    [InlineData("""{"kind":"x","deep":[[[[[[[[1]]]]]]]]}""", false)]
    [InlineData("""{"kind":"x","deep":[[[[[[[1]]]]]]]}""", true)]
    [InlineData("{}", false)]
    [InlineData("[]", false)]
    [InlineData("null", false)]
    [InlineData("{\"kind\":\"x\"", false)]
    [InlineData("{\"kind\":\"\u00ff", false)]
    public void ControlIsOneFlatObjectWithAKind(string json, bool isControl) =>
        TunnelControl.TryRead(System.Text.Encoding.UTF8.GetBytes(json), out _).ShouldBe(isControl);

    [Fact]
    public void ControlIsReadAsItWasWritten()
    {
        TunnelControl.TryRead(new TunnelControl { Kind = TunnelControl.SettingsChanged }.ToJson(), out var read).ShouldBeTrue();
        read.Kind.ShouldBe("settingsChanged");
        Should.Throw<ArgumentException>(() => new TunnelControl { Kind = new string('x', TunnelRecord.MaxControlLength) }.ToJson());
    }
}

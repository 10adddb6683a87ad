using System.Numerics;
using System.Security.Cryptography;
using Shouldly;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Enrollment;

/// <summary>docs/security.md LEG-2: keys on P-384, taken from WalT's boards only.</summary>
public sealed class LegacyKeyTests
{
    // SEC 2 section 2.5.1, y² = x³ - 3x + b.
    private static readonly BigInteger P = BigInteger.Pow(2, 384) - BigInteger.Pow(2, 128) - BigInteger.Pow(2, 96) + BigInteger.Pow(2, 32) - 1;

    private static readonly BigInteger B = new(
        Convert.FromHexString("b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef"),
        isUnsigned: true,
        isBigEndian: true);

    [Fact]
    public async Task KeysOfSshKeygenAreTakenAndHaveItsFingerprint()
    {
        using var folder = new TestFolder();
        for (var i = 0; i < 10; i++)
        {
            var line = await Make(folder[$"key{i}"], "ecdsa", "384");
            NodePublicKey.TryParseAny(line, out var key, out _).ShouldBeTrue();
            key!.Line.ShouldBe(line);
            (await Shell.Run("ssh-keygen", ["-l", "-f", folder[$"key{i}.pub"]])).ShouldContain(key.Fingerprint + " ");
            // Over SSH the same key is refused.
            NodePublicKey.TryParse(line, out _, out var refusal).ShouldBeFalse();
            refusal.ShouldContain("ssh-ed25519");
        }
    }

    [Theory]
    [InlineData("rsa", "3072")]
    [InlineData("ecdsa", "256")]
    [InlineData("ecdsa", "521")]
    public async Task OtherTypesAndCurvesAreRefused(string type, string bits)
    {
        using var folder = new TestFolder();
        var line = await Make(folder["key"], type, bits);
        NodePublicKey.TryParseAny(line, out _, out _).ShouldBeFalse();
        NodePublicKey.TryParseAny("ecdsa-sha2-nistp384 " + line.Split(' ')[1], out _, out _).ShouldBeFalse();
    }

    [Fact]
    public async Task ChangedByteOrLengthIsRefused()
    {
        using var folder = new TestFolder();
        NodePublicKey.TryParseAny(await Make(folder["key"], "ecdsa", "384"), out var key, out _).ShouldBeTrue();
        var blob = key!.Blob;
        for (var at = 0; at < blob.Length; at++)
        {
            var other = (byte[])blob.Clone();
            other[at] ^= 1;
            NodePublicKey.TryParseAny($"ecdsa-sha2-nistp384 {Convert.ToBase64String(other)}", out _, out _).ShouldBeFalse($"byte {at}");
            NodePublicKey.TryParseAny($"ecdsa-sha2-nistp384 {Convert.ToBase64String(blob.AsSpan(0, at))}", out _, out _).ShouldBeFalse($"cut at {at}");
        }

        NodePublicKey.TryParseAny($"ecdsa-sha2-nistp384 {Convert.ToBase64String([.. blob, 0])}", out _, out _).ShouldBeFalse();
        NodePublicKey.TryParseAny("ssh-ed25519 " + key.Line.Split(' ')[1], out _, out _).ShouldBeFalse();
    }

    [Fact]
    public void OnlyReducedUncompressedPointsOfTheCurveAreUsable()
    {
        // A point whose x is small enough that x + p still has 48 bytes.
        BigInteger x = 1, y;
        while (!TryRoot((x * x * x) - (3 * x) + B, out y)) x++;
        P384Point.IsUsable([4, .. Bytes(x), .. Bytes(y)]).ShouldBeTrue();
        P384Point.IsUsable([4, .. Bytes(x), .. Bytes(P - y)]).ShouldBeTrue();
        P384Point.IsUsable([4, .. Bytes(x + P), .. Bytes(y)]).ShouldBeFalse();
        P384Point.IsUsable([4, .. Bytes(x), .. Bytes(y + 1)]).ShouldBeFalse();
        P384Point.IsUsable([4, .. Bytes(0), .. Bytes(0)]).ShouldBeFalse();
        P384Point.IsUsable([0]).ShouldBeFalse();
        P384Point.IsUsable([0, .. Bytes(x), .. Bytes(y)]).ShouldBeFalse();
        P384Point.IsUsable([2, .. Bytes(x)]).ShouldBeFalse();
        P384Point.IsUsable([6, .. Bytes(x), .. Bytes(y)]).ShouldBeFalse();
        for (var i = 0; i < 100; i++) P384Point.IsUsable([4, .. RandomNumberGenerator.GetBytes(96)]).ShouldBeFalse();
    }

    private static async Task<string> Make(string file, string type, string bits)
    {
        await Shell.Run("ssh-keygen", ["-q", "-t", type, "-b", bits, "-N", "", "-C", "", "-f", file]);
        return (await File.ReadAllTextAsync(file + ".pub", TestContext.Current.CancellationToken)).Trim();
    }

    /// <summary>p is 3 modulo 4: a square's root is its (p+1)/4-th power.</summary>
    private static bool TryRoot(BigInteger square, out BigInteger root)
    {
        square = ((square % P) + P) % P;
        root = BigInteger.ModPow(square, (P + 1) / 4, P);
        return root * root % P == square;
    }

    private static byte[] Bytes(BigInteger number)
    {
        var bytes = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[48 - bytes.Length], .. bytes];
    }
}

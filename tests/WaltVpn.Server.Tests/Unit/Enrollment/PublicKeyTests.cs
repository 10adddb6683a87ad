using System.Security.Cryptography;
using System.Text;
using Shouldly;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Enrollment;

/// <summary>docs/security.md ENR-6.</summary>
public sealed class PublicKeyTests
{
    private const string Good = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKpkouta8VXwUwFbiVGA0BucaNoYckm+9NE8b+Zy2LgA";

    /// <summary>
    /// Encodings of the points of order 1, 2, 4 and 8, with and without sign bit, and those that are not reduced (RFC 8032 section 5.1.3 refuses the last).
    /// </summary>
    public static TheoryData<string> SmallOrder =>
    [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];

    public static TheoryData<string> WrongForms =>
    [
        "", " ", "ssh-ed25519", "ssh-ed25519 ", Good + " comment", Good + "\n", Good + "\r\n", Good + "\n" + Good, " " + Good, "restrict " + Good,
        "command=\"id\" " + Good, "cert-authority " + Good, Good + "=", Good + "AAAA", Good[..^1], Good[..^4],
        Good.Replace("ssh-ed25519 ", "ssh-ed25519  ", StringComparison.Ordinal), Good.Replace("AAAAI", "AAA AI", StringComparison.Ordinal),
        Good.ToUpperInvariant(), "ssh-ed25519\tAAAAC3NzaC1lZDI1NTE5AAAAIKpkouta8VXwUwFbiVGA0BucaNoYckm+9NE8b+Zy2LgA",
        "-----BEGIN OPENSSH PRIVATE KEY-----", "ssh-ed25519 -", Good + "\0", "\u202e" + Good, Good + "\e[2J",
    ];

    // Else each of them would be refused for what it is made of.
    [Fact]
    public void TheKeyThatTheWrongFormsAreMadeOfIsTaken() => NodePublicKey.TryParse(Good, out _, out _).ShouldBeTrue();

    [Theory]
    [MemberData(nameof(WrongForms))]
    public void AnythingButOneCanonicalLineIsRefused(string text)
    {
        NodePublicKey.TryParse(text, out _, out var refusal).ShouldBeFalse();
        refusal.ShouldNotBeNullOrEmpty();
    }

    [Theory]
    [MemberData(nameof(SmallOrder))]
    public void PointsOfSmallOrderAreRefused(string point)
    {
        NodePublicKey.TryParse(NodePublicKey.FromPoint(Convert.FromHexString(point)).Line, out _, out var refusal).ShouldBeFalse();
        refusal.ShouldContain("small order");
    }

    [Theory]
    [InlineData("rsa", "2048")]
    [InlineData("ecdsa", "256")]
    [InlineData("ecdsa", "521")]
    public async Task OtherKeyTypesAreRefused(string type, string bits)
    {
        using var folder = new TestFolder();
        await Shell.Run("ssh-keygen", ["-q", "-t", type, "-b", bits, "-N", "", "-C", "", "-f", folder["key"]]);
        var line = await File.ReadAllTextAsync(folder["key.pub"], TestContext.Current.CancellationToken);
        NodePublicKey.TryParse(line.Trim(), out _, out _).ShouldBeFalse();
        NodePublicKey.TryParse("ssh-ed25519 " + line.Split(' ')[1], out _, out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData("sk-ssh-ed25519@openssh.com")]
    [InlineData("ssh-ed25519-cert-v01@openssh.com")]
    [InlineData("ssh-dss")]
    public void OtherTypeNamesAreRefused(string type) =>
        NodePublicKey.TryParse(Good.Replace("ssh-ed25519", type, StringComparison.Ordinal), out _, out _).ShouldBeFalse();

    [Fact]
    public async Task CertificatesPrivateKeysAndWholeKeysOfOtherTypesAreRefused()
    {
        using var folder = new TestFolder();
        await Shell.Run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", folder["key"]]);
        await Shell.Run("ssh-keygen", ["-q", "-s", folder["key"], "-I", "id", "-n", "walt-vpn", folder["key.pub"]]);
        var point = RandomNumberGenerator.GetBytes(32);
        byte[] one = [1];
        string[] lines =
        [
            File.ReadAllText(folder["key-cert.pub"]).Trim(),
            File.ReadAllText(folder["key"]),
            // RFC 4253 section 6.6; the second is OpenSSH's key of a security token.
            Line("ssh-dss", Enumerable.Repeat(RandomNumberGenerator.GetBytes(128), 4).Select(number => (byte[])[0, .. number])),
            Line("sk-ssh-ed25519@openssh.com", [point, "ssh:"u8.ToArray()]),
            Line("ssh-ed25519", [point, one]),
            Line("ssh-ed25519", [[.. point, 0]]),
            Line("ssh-ed25519", [point[1..]]),
        ];
        foreach (var line in lines)
        {
            NodePublicKey.TryParse(line, out _, out _).ShouldBeFalse(line);
            NodePublicKey.TryParse("ssh-ed25519 " + line.Split(' ').ElementAtOrDefault(1), out _, out _).ShouldBeFalse(line);
        }

        // The same writer makes a key that is taken.
        NodePublicKey.TryParse(Line("ssh-ed25519", [Convert.FromBase64String(Good.Split(' ')[1])[^32..]]), out _, out _).ShouldBeTrue();
    }

    [Fact]
    public async Task KeysOfSshKeygenAreTakenAndHaveItsFingerprint()
    {
        using var folder = new TestFolder();
        for (var i = 0; i < 20; i++)
        {
            await Shell.Run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", folder[$"key{i}"]]);
            var line = await File.ReadAllTextAsync(folder[$"key{i}.pub"], TestContext.Current.CancellationToken);
            NodePublicKey.TryParse(line.Trim(), out var key, out _).ShouldBeTrue();
            (await Shell.Run("ssh-keygen", ["-l", "-f", folder[$"key{i}.pub"]])).ShouldContain(key!.Fingerprint + " ");
        }
    }

    [Fact]
    public void HalfOfAllBytesAreNoPoint()
    {
        // x² is a square for half of all y: a check that lets everything pass, or nothing, is seen here.
        var usable = Enumerable.Range(0, 400).Count(_ => Ed25519Point.IsUsable(RandomNumberGenerator.GetBytes(32)));
        usable.ShouldBeInRange(120, 280);
    }

    // SSH's wire form: each part with its length in front.
    private static string Line(string type, IEnumerable<byte[]> parts)
    {
        var all = parts.Prepend(Encoding.ASCII.GetBytes(type));
        byte[] blob = [.. all.SelectMany(part => (byte[])[0, 0, (byte)(part.Length >> 8), (byte)part.Length, .. part])];
        return $"{type} {Convert.ToBase64String(blob)}";
    }
}

using System.Security.Cryptography;
using System.Text;
using Shouldly;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Following;

/// <summary>docs/protocol.md "Settings document": the text, and what is none.</summary>
public sealed class SettingsDocumentTests
{
    private const string HostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

    private const string Ecdsa =
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

    private static readonly SettingsDocument _whole = new()
    {
        Version = 1,
        Platform = "demo.example",
        NodeId = "00112233445566778899aabbccddeeff",
        Counter = 1_800_000_000,
        SshEntrypoints = ["ssh.example.org:22", "198.51.100.1:2222", "[2001:db8::1]:22"],
        HostKeys = [HostKey],
        HttpEntrypoint = new HttpEntrypoint { Host = "boot.example.org", Port = 80, Path = "walt-vpn/boot/00112233445566778899aabbccddeeff" },
        BootMode = BootMode.Enforced,
        VpnMac = MacAddress.Parse("52:54:00:12:34:56"),
        BootKey = "AAEC",
        BootCaCertificate = "MAA=",
        Certificate = "ssh-ed25519-cert-v01@openssh.com AAAA",
    };

    [Fact]
    public void TextIsOneLineThatIsReadAsItWasWritten()
    {
        var line = _whole.ToBytes();
        Encoding.UTF8.GetString(line).ShouldBe(
            """{"version":1,"platform":"demo.example","nodeId":"00112233445566778899aabbccddeeff","counter":1800000000,"""
            + """
            "sshEntrypoints":["ssh.example.org:22","198.51.100.1:2222","[2001:db8::1]:22"],
            """
            + "\"hostKeys\":[\"" + HostKey + "\"],"
            + """
            "httpEntrypoint":{"host":"boot.example.org","port":80,"path":"walt-vpn/boot/00112233445566778899aabbccddeeff"},"bootMode":"enforced",
            """
            + """
            "vpnMac":"52:54:00:12:34:56","bootKey":"AAEC","bootCaCertificate":"MAA=","askAgainSeconds":900,"certificate":"ssh-ed25519-cert-v01@openssh.com AAAA"}
            """);
        SettingsDocument.Parse(line).ToBytes().ShouldBe(line);
        var least = (_whole with { HttpEntrypoint = null, BootKey = null, BootCaCertificate = null }).ToBytes();
        SettingsDocument.Parse(least).ToBytes().ShouldBe(least);
        var most = (_whole with { HostKeys = [HostKey, Ecdsa], LeastBootloader = 1_746_662_400 }).ToBytes();
        SettingsDocument.Parse(most).ToBytes().ShouldBe(most);
        var image = new NewestImage { Sha256 = new string('a', 64), Epoch = 3, Built = 1_800_000_000, Published = 1_800_000_001 };
        var imaged = (_whole with { BootImage = image }).ToBytes();
        SettingsDocument.Parse(imaged).BootImage.ShouldBe(image);
        Encoding.UTF8.GetString(imaged).ShouldContain(
            "\"MAA=\",\"bootImage\":{\"sha256\":\"" + image.Sha256 + "\",\"epoch\":3,\"built\":1800000000,\"published\":1800000001},\"askAgain");
        foreach (var wrong in (NewestImage[])[image with { Sha256 = "A" }, image with { Epoch = -1 }, image with { Built = -1 }, image with { Published = -1 }])
            Should.Throw<FormatException>(() => SettingsDocument.Parse((_whole with { BootImage = wrong }).ToBytes())).Message.ShouldContain("bootImage");
        Encoding.UTF8.GetString(most).ShouldContain("\"bootCaCertificate\":\"MAA=\",\"leastBootloader\":1746662400,\"askAgainSeconds\":900");
        // A newer server's.
        SettingsDocument.Parse([.. line[..^1], .. ",\"tomorrow\":[1]}"u8]).ToBytes().ShouldBe(line);
    }

    public static TheoryData<string, string, string> Wrong => new()
    {
        { "\"version\":1", "\"version\":2", "version 2" },
        { "demo.example", "Demo", "platform" },
        { "00112233445566778899aabbccddeeff\",\"counter", "00112233445566778899AABBCCDDEEFF\",\"counter", "nodeId" },
        { "1800000000", "0", "counter" },
        { "1800000000", "-1", "counter" },
        { "1800000000", "9007199254740992", "counter" },
        { "1800000000", "1e99", "counter" },
        { "ssh.example.org:22", "-oProxyCommand=x", "sshEntrypoints" },
        { "ssh.example.org:22", "ssh.example.org", "sshEntrypoints" },
        { "\"ssh.example.org:22\",\"198.51.100.1:2222\",\"[2001:db8::1]:22\"", "", "sshEntrypoints" },
        { "ssh.example.org:22", "a:1\",\"a:2\",\"a:3\",\"a:4\",\"a:5\",\"a:6\",\"a:7", "sshEntrypoints" },
        { HostKey, "ssh-rsa AAAA", "hostKeys" },
        { HostKey, HostKey + " comment", "hostKeys" },
        { HostKey, HostKey + " ", "hostKeys" },
        { HostKey, HostKey.Replace("ssh-ed25519 ", "ecdsa-sha2-nistp256 ", StringComparison.Ordinal), "hostKeys" },
        { HostKey, Ecdsa.Replace("nistp256 ", "nistp384 ", StringComparison.Ordinal), "hostKeys" },
        { HostKey, Ecdsa[..^4], "hostKeys" },
        { HostKey, HostKey + "\\nroot", "hostKeys" },
        { "boot.example.org", "boot example", "httpEntrypoint" },
        { "\"port\":80", "\"port\":0", "httpEntrypoint" },
        { "\"path\":\"walt", "\"path\":\"/walt", "httpEntrypoint" },
        { "\"path\":\"walt", "\"path\":\"\\n[all]walt", "httpEntrypoint" },
        { "enforced", "sometimes", "bootMode" },
        { "52:54:00:12:34:56", "53:54:00:12:34:56", "vpnMac" },
        { "\"askAgainSeconds\":900", "\"askAgainSeconds\":59", "askAgainSeconds" },
        { "\"askAgainSeconds\"", "\"leastBootloader\":0,\"askAgainSeconds\"", "leastBootloader" },
        { "\"askAgainSeconds\"", "\"leastBootloader\":253402300800,\"askAgainSeconds\"", "leastBootloader" },
        { "AAEC", "AAE", "bootKey" },
        { "AAEC", "AAED AA==", "bootKey" },
        { "MAA=", "MAB=", "bootCaCertificate" },
        { "openssh.com AAAA", "openssh.com\\nAAAA", "certificate" },
        { ",\"certificate\":\"ssh-ed25519-cert-v01@openssh.com AAAA\"", "", "certificate" },
        { "[\"" + HostKey + "\"]", "null", "hostKeys" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void AnythingElseIsRefusedByItsName(string part, string instead, string named)
    {
        var text = Encoding.UTF8.GetString(_whole.ToBytes());
        text.ShouldContain(part);
        var wrong = Encoding.UTF8.GetBytes(text.Replace(part, instead, StringComparison.Ordinal));
        Should.Throw<FormatException>(() => SettingsDocument.Parse(wrong)).Message.ShouldContain(named);
    }

    [Fact]
    public void TooLongIsRefusedBeforeItIsRead() =>
        Should.Throw<FormatException>(() => SettingsDocument.Parse(new byte[SettingsDocument.MaxLength])).Message.ShouldContain("bytes");

    [Fact]
    public void DamageIsRefusedOrHarmlessAndNeverAnotherFailure()
    {
        var line = _whole.ToBytes();
        for (var length = 0; length < line.Length; length++) Should.Throw<FormatException>(() => SettingsDocument.Parse(line.AsSpan(0, length)));
        var random = new Random(1);
        for (var round = 0; round < 100_000; round++)
        {
            var damaged = line.ToArray();
            for (var flips = random.Next(3); flips >= 0; flips--) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            try
            {
                SettingsDocument.Parse(damaged).SshEntrypoints.ShouldAllBe(text => IsEntrypoint(text));
            }
            catch (FormatException)
            {
            }
        }
    }

    [Fact]
    public void LargestDocumentFits()
    {
        var host = string.Join('.', Enumerable.Repeat(new string('a', 62), 4));
        var largest = _whole with
        {
            SshEntrypoints = [.. Enumerable.Repeat($"{host}:65535", SettingsDocument.MaxEntries)],
            HostKeys = [.. Enumerable.Repeat(HostKey, SettingsDocument.MaxEntries)],
            BootKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(600)),
            BootCaCertificate = Convert.ToBase64String(RandomNumberGenerator.GetBytes(2048)),
            Certificate = new string('c', 2048),
        };
        SettingsDocument.Parse(largest.ToBytes()).Counter.ShouldBe(largest.Counter);
    }

    private static bool IsEntrypoint(string text) => SshEntrypoint.TryParse(text, out _);
}

using System.Text;
using Shouldly;
using WaltVpn.Agent.OpenSsh;
using WaltVpn.Agent.Reconcile;
using WaltVpn.Agent.Tests.Reconcile;
using WaltVpn.Eeprom;
using WaltVpn.Eeprom.Tests;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Reconcile;

/// <summary>The decision, on images of every layout, with keys and certificates of the real ssh-keygen.</summary>
public sealed class ReconciliationTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(SyntheticImage.Pi4)]
    [InlineData(SyntheticImage.Pi5Old)]
    [InlineData(SyntheticImage.Pi5Single)]
    [InlineData(SyntheticImage.Pi5TwoPartitions)]
    public void ABoardThatIsNoNodeGetsEverythingAndThenNothing(string name)
    {
        var blank = EepromImage.Parse(SyntheticImage.Create(name));
        var change = Changed(blank, Desired.First);
        change.Differences.ShouldContain("WALT_VPN_MAC: none -> 52:54:00:12:34:56");
        change.Differences.ShouldContain("certificate: none -> serial 1");
        change.Differences.ShouldContain(line => line.StartsWith("boot signing key: none -> SHA256:"));
        var variables = VpnVariables.ReadFrom(BootConfig.Parse(change.Image.Read(EepromFiles.BootConfig)))!;
        variables.Entrypoint.ShouldBe("ssh.example.org");
        variables.Credentials.PrivateKey.Reveal().ShouldBe(Desired.Key.Reveal());
        change.Image.Read(EepromFiles.PublicKey).SequenceEqual(Desired.First.BootKey.ToBinary()).ShouldBeTrue();
        change.Image.ReadTimestamp().ShouldBe(Now);
        Compare(change.Image, Desired.First).ShouldBeOfType<ReconcileResult.NothingToDo>();
    }

    public static TheoryData<string> Fields => [.. Cases.Keys];

    /// <summary>One thing changed at the server, and the lines it must give, without values that are random here.</summary>
    private static Dictionary<string, (Func<DesiredSettings, DesiredSettings> Change, string[] Lines)> Cases => new()
    {
        ["entrypoint"] = (d => d with
        {
            Entrypoints = [new("two.example.org", 22)],
            HostNames = ["two.example.org", "server.walt"],
            HostKeys = [Desired.Host("two.example.org", 0), Desired.Host("server.walt", 1)],
        }, ["WALT_VPN_ENTRYPOINT: ssh.example.org -> two.example.org", "host key of ssh.example.org: ", "host key of two.example.org: none -> "]),
        ["port"] = (d => d with
        {
            Entrypoints = [new("ssh.example.org", 2222)],
            HostNames = ["[ssh.example.org]:2222", "server.walt"],
            HostKeys = [Desired.Host("[ssh.example.org]:2222", 0), Desired.Host("server.walt", 1)],
        }, ["WALTVPN_ENTRYPOINTS: none -> ssh.example.org:2222", "host key of ssh.example.org: ", "host key of [ssh.example.org]:2222: none -> "]),
        ["second entrypoint"] = (d => d with
        {
            Entrypoints = [new("ssh.example.org", 22), new("two.example.org", 22)],
            HostNames = ["ssh.example.org", "two.example.org", "server.walt"],
            HostKeys = [.. d.HostKeys, Desired.Host("two.example.org", 2)],
        }, ["WALTVPN_ENTRYPOINTS: none -> ssh.example.org:22,two.example.org:22", "host key of two.example.org: none -> "]),
        ["HTTP host"] = (d => d with { HttpHost = "other.example.org" }, ["HTTP_HOST: boot.example.org -> other.example.org"]),
        ["HTTP path"] = (d => d with { HttpPath = "walt-vpn/per-ip/10-0-0-8" }, ["HTTP_PATH: walt-vpn/per-ip/10-0-0-7 -> walt-vpn/per-ip/10-0-0-8"]),
        ["boot mode"] = (d => d with { BootMode = VpnBootMode.Enforced },
            ["BOOT_ORDER: 0xf127 -> 0xf7", "ENABLE_SELF_UPDATE: 1 -> 0", "WALT_VPN_BOOT_MODE: permissive -> enforced"]),
        ["MAC"] = (d => d with { Mac = MacAddress.Parse("52:54:00:12:34:57") }, ["WALT_VPN_MAC: 52:54:00:12:34:56 -> 52:54:00:12:34:57"]),
        ["certificate"] = (d => d with { Certificate = Desired.Certificate(0, 1) }, ["certificate: renewed, serial 1 -> 2"]),
        ["host key of the entrypoint"] = (d => d with { HostKeys = [Desired.Host("ssh.example.org", 2), d.HostKeys[1]] },
            ["host key of ssh.example.org: ssh-ed25519 SHA256:", "host key of ssh.example.org: none -> ssh-ed25519 SHA256:"]),
        ["host key of the server"] = (d => d with { HostKeys = [d.HostKeys[0], Desired.Host("server.walt", 3)] },
            ["host key of server.walt: ssh-ed25519 SHA256:", "host key of server.walt: none -> ssh-ed25519 SHA256:"]),
        ["one more host key"] = (d => d with { HostKeys = [.. d.HostKeys, Desired.Host("ssh.example.org", 2)] },
            ["host key of ssh.example.org: none -> ssh-ed25519 SHA256:"]),
        ["boot signing key"] = (d => d with { BootKey = RsaPublicKey.FromPem(Desired.Material.BootKeys[1]) }, ["boot signing key: SHA256:"]),
        ["CA"] = (d => d with { CaCertificate = [0x30, 3, 2, 1, 7] }, ["HTTP_CACERT_HASH: none -> ", "CA certificate: none -> SHA256:"]),
    };

    [Theory]
    [MemberData(nameof(Fields))]
    public void WhatChangedAtTheServerIsWrittenOnceAndNothingElse(string field)
    {
        var before = Changed(Blank(), Desired.First).Image;
        var (change, lines) = Cases[field];
        var desired = change(Desired.First);
        var made = Changed(before, desired);
        made.Differences.Count.ShouldBe(lines.Length, string.Join('\n', made.Differences));
        foreach (var (difference, line) in made.Differences.Zip(lines)) difference.ShouldStartWith(line);
        Compare(made.Image, desired).ShouldBeOfType<ReconcileResult.NothingToDo>();
        string[] files = [EepromFiles.BootConfig, EepromFiles.PublicKey, EepromFiles.CaCertificate];
        if (field == "CA")
        {
            Compare(made.Image, Desired.First).ShouldBeOfType<ReconcileResult.NothingToDo>("a server that says nothing about a CA does not remove one");
        }
        else
        {
            var back = Changed(made.Image, Desired.First).Image;
            foreach (var file in files) back.Read(file).SequenceEqual(before.Read(file)).ShouldBeTrue(file);
        }

        var touched = files.Where(file => !made.Image.Read(file).SequenceEqual(before.Read(file)));
        touched.ShouldBe(field switch
        {
            "boot signing key" => [EepromFiles.PublicKey],
            "CA" => [EepromFiles.BootConfig, EepromFiles.CaCertificate],
            _ => [EepromFiles.BootConfig],
        });
    }

    [Fact]
    public void TheNodesKeyIsAChangeAndNoSecretIsInTheLines()
    {
        var before = Changed(Blank(), Desired.First).Image;
        var (key, _) = Desired.Material.Nodes[1];
        var change = Reconciliation.Compare(null, before, Desired.First with { Certificate = Desired.Certificate(1, 0) }, key, Now)
            .ShouldBeOfType<ReconcileResult.Change>();
        change.Differences.Count.ShouldBe(2);
        change.Differences[0].ShouldMatch("^node key: SHA256:\\S+ -> SHA256:\\S+$");
        var text = string.Join('\n', change.Differences);
        foreach (var secret in (Secret[])[key, Desired.Key]) text.ShouldNotContain(secret.Reveal().Split('\n')[1][..20]);
        text.ShouldNotContain("WALT_VPN_CREDS");
    }

    [Fact]
    public void ACertificateForAnotherKeyIsNeverWritten() => Should.Throw<EepromException>(
        () => Compare(Blank(), Desired.First with { Certificate = Desired.Certificate(1, 0) })).Fault.ShouldBe(EepromFault.BadCredentials);

    [Fact]
    public void OrderAndCommentsOfHostKeysAndNeedlessRsaKeysTriggerNothing()
    {
        var desired = Desired.First;
        var image = Changed(Blank(), desired).Image;
        Compare(image, desired with { HostKeys = [.. desired.HostKeys.Reverse()] }).ShouldBeOfType<ReconcileResult.NothingToDo>();
        Compare(image, desired with { HostKeys = [.. desired.HostKeys, Desired.RsaHost("ssh.example.org", 0)] }).ShouldBeOfType<ReconcileResult.NothingToDo>();
        // Where RSA is all a host has, it counts.
        var onlyRsa = desired with { HostKeys = [Desired.RsaHost("ssh.example.org", 0), desired.HostKeys[1]] };
        Compare(Changed(image, onlyRsa).Image, onlyRsa).ShouldBeOfType<ReconcileResult.NothingToDo>();
    }

    [Fact]
    public void WhatWaltPackedStaysAsItIsWhileItSaysTheSame()
    {
        using var folder = new WorkFolder();
        var desired = Desired.First with { HostKeys = [.. Desired.First.HostKeys, Desired.RsaHost("ssh.example.org", 1)] };
        folder.Write("id_walt_vpn", Encoding.ASCII.GetBytes(Desired.Key.Reveal()));
        folder.Write("id_walt_vpn-cert.pub", Encoding.ASCII.GetBytes(Desired.Material.Nodes[0].Certificates[0]));
        folder.Write("known_hosts", Encoding.ASCII.GetBytes(KnownHosts.Write(desired.HostKeys)));
        SshMaterial.Run(folder, "ssh-keygen", "-q", "-H", "-f", "known_hosts");
        folder.Read("known_hosts").ShouldNotContain("example");
        var packed = SshMaterial.Run(folder, "sh", "-c", "tar cf - id_walt_vpn id_walt_vpn-cert.pub known_hosts | gzip --best | base64 -w 0");
        var ours = Changed(Blank(), desired).Image;
        var config = BootConfig.Parse(ours.Read(EepromFiles.BootConfig)).With(VpnVariables.CredentialsName, packed);
        var walts = ours.With(EepromFiles.BootConfig, config.ToBytes());
        Compare(walts, desired).ShouldBeOfType<ReconcileResult.NothingToDo>();

        var moved = Changed(walts, desired with { HttpHost = "other.example.org" });
        moved.Differences.ShouldHaveSingleItem();
        BootConfig.Parse(moved.Image.Read(EepromFiles.BootConfig)).Find(VpnVariables.CredentialsName).ShouldBe(packed);
        // A pinned key that the server has no more goes, RSA or not.
        Changed(walts, Desired.First).Differences.ShouldHaveSingleItem().ShouldStartWith("host key of ssh.example.org: ssh-rsa SHA256:");
    }

    [Fact]
    public void AnOperatorsLinesStay()
    {
        var config = "# lab 3\n[all]\nPOWER_OFF_ON_HALT=1\nWAKE_ON_GPIO=0\n[pi4]\nPSU_MAX_CURRENT=3000\n[config.txt]\nkernel_watchdog_timeout=30\n";
        var image = Blank().With(EepromFiles.BootConfig, Encoding.ASCII.GetBytes(config));
        var text = Encoding.ASCII.GetString(Changed(image, Desired.First).Image.Read(EepromFiles.BootConfig));
        foreach (var line in config.Split('\n', StringSplitOptions.RemoveEmptyEntries)) text.Split('\n').ShouldContain(line);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void AConfigurationAboveTheLimitIsRefusedAndSaysWhatCostsHowMuch(int excess)
    {
        var used = Changed(Blank(), Desired.First).Image.Read(EepromFiles.BootConfig).Length;
        var before = BootConfig.Parse(Blank().Read(EepromFiles.BootConfig)).ToBytes();
        var comment = "#" + new string('x', Reconciliation.LargestConfig - used - 2 + excess) + "\n";
        var image = Blank().With(EepromFiles.BootConfig, [.. Encoding.ASCII.GetBytes(comment), .. before]);
        if (excess == 0)
        {
            Changed(image, Desired.First).Image.Read(EepromFiles.BootConfig).Length.ShouldBe(Reconciliation.LargestConfig);
            return;
        }

        var error = Should.Throw<EepromException>(() => Compare(image, Desired.First));
        error.Fault.ShouldBe(EepromFault.DoesNotFit);
        error.Message.ShouldContain("would have 3073 bytes, 3072 are allowed: WALT_VPN_CREDS ");
        error.Message.ShouldContain($"sections and comments {comment.Length + "[all]\n".Length}");
    }

    [Fact]
    public void ASmallImageHasItsOwnLimit()
    {
        var image = EepromImage.Parse(SyntheticImage.Create(SyntheticImage.Pi4Full));
        var many = Desired.First with { HostKeys = [.. Desired.First.HostKeys, Desired.Host("ssh.example.org", 2), Desired.RsaHost("server.walt", 0)] };
        Changed(image, many).Image.Read(EepromFiles.BootConfig).Length.ShouldBeLessThan(image.Capacity(EepromFiles.BootConfig));
        Should.Throw<EepromException>(() => Compare(EepromImage.Parse(SyntheticImage.Create(SyntheticImage.Pi4Old)), Desired.First))
            .Fault.ShouldBe(EepromFault.NotFound);
    }

    [Fact]
    public void ASignedConfigurationIsNotEdited()
    {
        var signed = Changed(Blank(), Desired.First).Image.With(EepromFiles.BootConfigSignature, "00"u8);
        Compare(signed, Desired.First).ShouldBeOfType<ReconcileResult.NothingToDo>();
        Should.Throw<EepromException>(() => Compare(signed, Desired.First with { HttpHost = "x.org" })).Fault.ShouldBe(EepromFault.BadSignature);
    }

    [Fact]
    public void AnImageWithTwoBootloadersIsEditedOnlyWhenTheFirstIsTheOneThatRan()
    {
        var image = EepromImage.Parse(SyntheticImage.Create(SyntheticImage.Pi5BothFilled));
        var first = BootConfig.Parse(image.Read(EepromFiles.BootConfig));
        var other = BootConfig.Parse("[all]\nHALF=B\n"u8);
        foreach (var live in (BootConfig?[])[null, other])
        {
            Should.Throw<EepromException>(() => Reconciliation.Compare(live, image, Desired.First, Desired.Key, Now)).Message.ShouldContain("two bootloaders");
        }

        Reconciliation.Compare(first, image, Desired.First, Desired.Key, Now).ShouldBeOfType<ReconcileResult.Change>();
    }

    [Theory]
    [InlineData(SyntheticImage.Pi4)]
    [InlineData(SyntheticImage.Pi5Single)]
    [InlineData(SyntheticImage.Pi5TwoPartitions)]
    public void EachImageIsYoungerThanTheOneBeforeWhateverTheClockSays(string name)
    {
        var image = EepromImage.Parse(SyntheticImage.Create(name));
        var last = image.FindVersion().BuildTime!.Value.AddSeconds(-1);
        foreach (var now in (DateTimeOffset[])[DateTimeOffset.UnixEpoch, Now, DateTimeOffset.UnixEpoch, Now, new(2500, 1, 1, 0, 0, 0, TimeSpan.Zero)])
        {
            var desired = Desired.First with { HttpPath = $"p{last.ToUnixTimeSeconds()}" };
            image = Reconciliation.Compare(null, image, desired, Desired.Key, now).ShouldBeOfType<ReconcileResult.Change>().Image;
            image.ReadTimestamp()!.Value.ShouldBeGreaterThan(last);
            last = image.ReadTimestamp()!.Value;
        }
    }

    [Theory]
    [InlineData("[pi5]\nHTTP_HOST=a.org\n")]
    [InlineData("#WALT_VPN_CREDS=\n")]
    [InlineData("[all]\nBOOT_UART=1\n[none]\nWALTVPN_ENTRYPOINTS=a:1\n")]
    public void ALineThatContradictsIsSaidAndNothingIsMade(string config)
    {
        var image = Blank().With(EepromFiles.BootConfig, Encoding.ASCII.GetBytes(config));
        Should.Throw<EepromException>(() => Compare(image, Desired.First)).Message.ShouldContain("remove that line");
    }

    [Fact]
    public void WhatTheBoardStartedWithTellsAloneWhetherAnythingIsToDo()
    {
        foreach (var (_, (change, _)) in Cases)
        {
            var desired = change(Desired.First);
            var followed = Changed(Blank(), desired).Image;
            var (live, bootKey) = (BootConfig.Parse(followed.Read(EepromFiles.BootConfig)), followed.Read(EepromFiles.PublicKey).ToArray());
            Reconciliation.IsFollowed(live, bootKey, desired, Desired.Key).ShouldBeTrue();
            Reconciliation.IsFollowed(live, bootKey, Desired.First, Desired.Key).ShouldBe(desired == Desired.First || desired.CaCertificate is not null);
            Reconciliation.IsFollowed(live, new byte[512], desired, Desired.Key).ShouldBeFalse();
        }
    }

    [Fact]
    public void BelowThePlatformsMinimumNothingIsMade()
    {
        var built = Blank().FindVersion().BuildTime!.Value;
        Changed(Blank(), Desired.First with { LeastBootloader = built });
        var error = Should.Throw<EepromException>(() => Compare(Blank(), Desired.First with { LeastBootloader = built.AddSeconds(1) }));
        error.Fault.ShouldBe(EepromFault.TooOld);
        error.Message.ShouldContain($"was built {built:yyyy-MM-dd}");
        // What needs no change is left as it is, however old.
        var followed = Changed(Blank(), Desired.First).Image;
        Compare(followed, Desired.First with { LeastBootloader = built.AddYears(1) }).ShouldBeOfType<ReconcileResult.NothingToDo>();
    }

    internal static ReconcileResult Compare(EepromImage image, DesiredSettings desired) => Reconciliation.Compare(null, image, desired, Desired.Key, Now);

    private static ReconcileResult.Change Changed(EepromImage image, DesiredSettings desired) =>
        Compare(image, desired).ShouldBeOfType<ReconcileResult.Change>();

    private static EepromImage Blank() => EepromImage.Parse(SyntheticImage.Create(SyntheticImage.Pi5TwoPartitions));
}

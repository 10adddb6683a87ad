using System.Text;
using WaltVpn.Protocol;

namespace WaltVpn.Eeprom.Tests.Unit;

/// <summary>A node's variables: WalT's lines, with real keys and certificates of ssh-keygen, packed and unpacked by tar, gzip and base64 as well.</summary>
public sealed class VpnVariablesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(VpnBootMode.Permissive, "0xf127", "1", "permissive")]
    [InlineData(VpnBootMode.Enforced, "0xf7", "0", "enforced")]
    public async Task ANewConfigurationHasWaltsLinesInWaltsOrder(VpnBootMode mode, string order, string selfUpdate, string word)
    {
        var variables = await MakeAsync(mode);
        var text = Encoding.ASCII.GetString(variables.WriteTo(BootConfig.Empty).ToBytes());
        text.ShouldBe($"""
            [all]
            BOOT_UART=1
            BOOT_ORDER={order}
            NET_INSTALL_ENABLED=0
            ENABLE_SELF_UPDATE={selfUpdate}
            HTTP_HOST=vpn.example.org
            HTTP_PATH=walt-vpn/per-ip/10-0-0-7
            DHCP_REQ_TIMEOUT=500
            WALT_VPN_MAC=52:54:00:12:34:56
            WALT_VPN_ENTRYPOINT=ssh.example.org
            WALT_VPN_BOOT_MODE={word}
            WALT_VPN_CREDS={variables.Credentials.Pack()}

            """);
    }

    [Theory]
    [InlineData("ed25519", 2000)]
    [InlineData("ecdsa", 3500)]
    public async Task WhatIsWrittenIsReadAgainAndFitsWithEd25519InHalfOfTheRoom(string keys, int largest)
    {
        var variables = await MakeAsync(VpnBootMode.Permissive, keys);
        var config = variables.WriteTo(BootConfig.Empty);
        var read = VpnVariables.ReadFrom(BootConfig.Parse(config.ToBytes()))!;
        (read with { Credentials = variables.Credentials }).ShouldBe(variables);
        read.Credentials.PrivateKey.Reveal().ShouldBe(_folder.Read("id_walt_vpn"));
        read.Credentials.Certificate.ShouldBe(_folder.Read("id_walt_vpn-cert.pub"));
        read.Credentials.KnownHosts.ShouldBe(_folder.Read("known_hosts"));
        read.Credentials.CertificateType.ShouldBe(keys == "ed25519" ? "ssh-ed25519-cert-v01@openssh.com" : "ecdsa-sha2-nistp384-cert-v01@openssh.com");

        var image = EepromImage.Parse(SyntheticImage.Create(SyntheticImage.Pi5TwoPartitions));
        var budget = ConfigBudget.Of(config, image.Capacity(EepromFiles.BootConfig));
        budget.Used.ShouldBeLessThan(largest);
        budget.Variables[0].Name.ShouldBe("WALT_VPN_CREDS");
        image.With(EepromFiles.BootConfig, config.ToBytes()).Read(EepromFiles.BootConfig).SequenceEqual(config.ToBytes()).ShouldBeTrue();
    }

    [Fact]
    public async Task TarUnpacksWhatWePackWithTheModesThatSshWants()
    {
        var variables = await MakeAsync(VpnBootMode.Permissive);
        _folder.Write("creds", Convert.FromBase64String(variables.Credentials.Pack()));
        var list = Encoding.ASCII.GetString(await HostProgram.RunAsync(_folder.Path, "tar", "tvzf", "creds"));
        list.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => (line[..10], line.Split(' ')[^1])).ShouldBe(
            [("-rw-------", "id_walt_vpn"), ("-rw-r--r--", "id_walt_vpn-cert.pub"), ("-rw-------", "known_hosts"), ("-rw-------", "waltvpn")]);
        var key = await HostProgram.RunAsync(_folder.Path, "tar", "xOzf", "creds", "id_walt_vpn");
        Encoding.ASCII.GetString(key).ShouldBe(variables.Credentials.PrivateKey.Reveal());
        variables.Credentials.Pack().ShouldBe(variables.Credentials.Pack(), "the same files give the same text");
    }

    [Theory]
    [InlineData("")]
    [InlineData("--format=posix")]
    [InlineData("--format=v7")]
    public async Task WhatWaltPacksIsRead(string format)
    {
        var variables = await MakeAsync(VpnBootMode.Permissive);
        var script = $"tar cf - {format} id_walt_vpn id_walt_vpn-cert.pub known_hosts | gzip --best | base64 -w 0";
        var read = VpnCredentials.Unpack(Encoding.ASCII.GetString(await HostProgram.RunAsync(_folder.Path, "sh", "-c", script)));
        read.PrivateKey.Reveal().ShouldBe(variables.Credentials.PrivateKey.Reveal());
        (read with { PrivateKey = variables.Credentials.PrivateKey }).ShouldBe(variables.Credentials);
    }

    [Theory]
    [InlineData("tar cf - id_walt_vpn id_walt_vpn-cert.pub | gzip", "no file known_hosts")]
    [InlineData("tar cf - id_walt_vpn id_walt_vpn-cert.pub known_hosts id_walt_vpn.pub | gzip", "something else")]
    [InlineData("tar cf - id_walt_vpn known_hosts known_hosts id_walt_vpn-cert.pub | gzip", "something else")]
    [InlineData("tar cf - ./id_walt_vpn id_walt_vpn-cert.pub known_hosts | gzip", "something else")]
    [InlineData("ln -sf /etc/passwd known_hosts; tar cf - id_walt_vpn id_walt_vpn-cert.pub known_hosts | gzip", "something else")]
    [InlineData(": > known_hosts; tar cf - id_walt_vpn id_walt_vpn-cert.pub known_hosts | gzip", "empty")]
    [InlineData("tar cf - --hard-dereference id_walt_vpn id_walt_vpn-cert.pub id_walt_vpn-cert.pub known_hosts | gzip", "twice")]
    [InlineData("head -c 1000000 /dev/zero | gzip", "unfolds to more than 65536")]
    [InlineData("head -c 1000 /dev/urandom", "no archive")]
    [InlineData("head -c 1000 /dev/urandom | gzip", "no archive")]
    [InlineData("tar cf - id_walt_vpn id_walt_vpn-cert.pub known_hosts | head -c 900 | gzip", "no")]
    public async Task OtherArchivesAreRefused(string script, string reason)
    {
        await MakeAsync(VpnBootMode.Permissive);
        var value = Encoding.ASCII.GetString(await HostProgram.RunAsync(_folder.Path, "sh", "-c", $"({script}) | base64 -w 0"));
        var error = Should.Throw<EepromException>(() => VpnCredentials.Unpack(value));
        error.Fault.ShouldBe(EepromFault.BadCredentials);
        error.Message.ShouldContain(reason);
    }

    [Fact]
    public async Task AnOperatorsLinesStay()
    {
        var variables = await MakeAsync(VpnBootMode.Permissive);
        var before = BootConfig.Parse("# lab\r\n[all]\r\nNET_INSTALL_AT_POWER_ON=1\r\nPOWER_OFF_ON_HALT=1\r\n[pi4]\r\nWAKE_ON_GPIO=0\r\n"u8);
        var after = variables.WriteTo(before);
        after.Find("NET_INSTALL_AT_POWER_ON").ShouldBeNull("it would show the vendor's screen at each power-on");
        var lines = before.Lines.Concat(variables.WriteTo(BootConfig.Empty).Lines).Select(line => line.Text);
        after.Lines.Select(line => line.Text).ShouldBeSubsetOf(lines);
        after.FindConditional("WAKE_ON_GPIO").ShouldHaveSingleItem().Filter.ShouldBe("[pi4]");
        variables.WriteTo(after).ToBytes().ShouldBe(after.ToBytes());
    }

    [Theory]
    [InlineData("[pi5]\nBOOT_ORDER=0xf1\n", "line 2 below [pi5]")]
    [InlineData("[all]\nBOOT_UART=1\n[tryboot]\nHTTP_HOST=other.example.org\n", "line 4 below [tryboot]")]
    [InlineData("#WALT_VPN_MAC=52:54:00:00:00:01\n", "line 1")]
    [InlineData("[config.txt]\n#WALT_VPN_CREDS=x\n", "line 2")]
    [InlineData("[pi5]\nNET_INSTALL_AT_POWER_ON=1\n", "line 2")]
    public async Task WhatWouldContradictTheNodesVariablesIsRefused(string config, string where)
    {
        var variables = await MakeAsync(VpnBootMode.Enforced);
        var error = Should.Throw<EepromException>(() => variables.WriteTo(BootConfig.Parse(Encoding.ASCII.GetBytes(config))));
        error.Fault.ShouldBe(EepromFault.BadConfig);
        error.Message.ShouldContain(where);
    }

    [Fact]
    public async Task SeveralEntrypointsHaveAVariableOfTheirOwnWhichGoesWithThem()
    {
        var variables = await MakeAsync(VpnBootMode.Permissive) with { Entrypoints = "ssh.example.org:2222,[2001:db8::1]:22" };
        var config = variables.WriteTo(BootConfig.Empty);
        config.Find("WALTVPN_ENTRYPOINTS").ShouldBe("ssh.example.org:2222,[2001:db8::1]:22");
        VpnVariables.ReadFrom(config)!.Entrypoints.ShouldBe(variables.Entrypoints);
        (variables with { Entrypoints = null }).WriteTo(config).ToBytes().ShouldBe((variables with { Entrypoints = null }).WriteTo(BootConfig.Empty).ToBytes());
        var damaged = Encoding.ASCII.GetString(config.ToBytes()).Replace(variables.Entrypoints!, "a:0", StringComparison.Ordinal);
        var reading = Should.Throw<EepromException>(() => VpnVariables.ReadFrom(BootConfig.Parse(Encoding.ASCII.GetBytes(damaged))));
        reading.Message.ShouldContain("WALTVPN_ENTRYPOINTS");
        foreach (var wrong in (string[])["", "a,", "a b", "a:0", "-a", "a:22\nSIGNED_BOOT=1"])
        {
            var writing = Should.Throw<EepromException>(() => (variables with { Entrypoints = wrong }).WriteTo(BootConfig.Empty), wrong);
            writing.Fault.ShouldBe(EepromFault.BadConfig);
        }
    }

    [Fact]
    public async Task ABoardIsANodeWhenItHasAMacAndThenEverything()
    {
        VpnVariables.ReadFrom(BootConfig.Empty).ShouldBeNull();
        var config = (await MakeAsync(VpnBootMode.Permissive)).WriteTo(BootConfig.Empty);
        VpnVariables.ReadFrom(config.Without("WALT_VPN_MAC")).ShouldBeNull();
        foreach (var name in (string[])["WALT_VPN_ENTRYPOINT", "WALT_VPN_BOOT_MODE", "WALT_VPN_CREDS", "HTTP_HOST", "HTTP_PATH"])
        {
            Should.Throw<EepromException>(() => VpnVariables.ReadFrom(config.Without(name))).Message.ShouldContain($"no {name};");
        }
    }

    [Fact]
    public async Task SecretsAreNotPrinted()
    {
        var variables = await MakeAsync(VpnBootMode.Permissive);
        var body = variables.Credentials.PrivateKey.Reveal().Split('\n')[1];
        variables.ToString().ShouldNotContain(body);
        variables.WriteTo(BootConfig.Empty).WithoutSecrets().ShouldContain("WALT_VPN_CREDS=***\n");
    }

    [Theory]
    [InlineData("SSH.example.org", "vpn.example.org", "x")]
    [InlineData("ssh.example.org:2222", "vpn.example.org", "x")]
    [InlineData("ssh.example.org", "vpn example.org", "x")]
    [InlineData("ssh.example.org", "vpn.example.org", "/x")]
    [InlineData("ssh.example.org", "vpn.example.org", "x y")]
    [InlineData("ssh.example.org", "vpn.example.org", "x\nSIGNED_BOOT=1")]
    public async Task ValuesOutsideTheirGrammarAreRefused(string entrypoint, string host, string path)
    {
        var variables = await MakeAsync(VpnBootMode.Permissive) with { Entrypoint = entrypoint, HttpHost = host, HttpPath = path };
        Should.Throw<EepromException>(() => variables.WriteTo(BootConfig.Empty)).Fault.ShouldBe(EepromFault.BadConfig);
    }

    /// <param name="keys">ed25519 for everything, or ecdsa as WalT makes them: 521 bits for the authority, 384 for the node.</param>
    private async Task<VpnVariables> MakeAsync(VpnBootMode mode, string keys = "ed25519")
    {
        string[] authority = keys == "ed25519" ? ["-t", "ed25519"] : ["-t", "ecdsa", "-b", "521"];
        string[] node = keys == "ed25519" ? ["-t", "ed25519"] : ["-t", "ecdsa", "-b", "384"];
        await HostProgram.RunAsync(_folder.Path, "ssh-keygen", ["-q", "-N", "", "-f", "ca", .. authority]);
        await HostProgram.RunAsync(_folder.Path, "ssh-keygen", ["-q", "-N", "", "-f", "id_walt_vpn", .. node]);
        await HostProgram.RunAsync(_folder.Path, "ssh-keygen", "-q", "-s", "ca", "-I", "n1/1", "-n", "walt-vpn", "-O", "clear", "id_walt_vpn.pub");
        var host = _folder.Read("ca.pub").Split(' ');
        _folder.Write("known_hosts", Vectors.Bytes($"ssh.example.org {host[0]} {host[1]}\nserver.walt {host[0]} {host[1]}\n"));
        return new VpnVariables
        {
            Mac = MacAddress.Parse("52:54:00:12:34:56"),
            Entrypoint = "ssh.example.org",
            BootMode = mode,
            HttpHost = "vpn.example.org",
            HttpPath = "walt-vpn/per-ip/10-0-0-7",
            Credentials = new VpnCredentials
            {
                PrivateKey = new Secret(_folder.Read("id_walt_vpn")),
                Certificate = _folder.Read("id_walt_vpn-cert.pub"),
                KnownHosts = _folder.Read("known_hosts"),
            },
        };
    }
}

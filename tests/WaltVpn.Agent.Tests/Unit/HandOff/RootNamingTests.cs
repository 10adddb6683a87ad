using System.Net;
using Shouldly;
using WaltVpn.Agent.HandOff;
using WaltVpn.Agent.Network;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.HandOff;

public sealed class RootNamingTests
{
    private static DhcpLease Lease(params (string Name, string Value)[] others)
    {
        var variables = new Dictionary<string, string> { ["ip"] = "10.77.0.61", ["mask"] = "24", ["router"] = "10.77.0.254", ["serverid"] = "10.77.0.2" };
        foreach (var (name, value) in others) variables[name] = value;
        DhcpLease.TryRead(variables, out var lease).ShouldBeTrue();
        return lease;
    }

    private static RootNaming Find(string line, params (string Name, string Value)[] dhcp) => RootNaming.Find(KernelCommandLine.Parse(line), Lease(dhcp));

    [Theory]
    // The kernel's and WalT's: [<server>:]<path>[,<options>]
    [InlineData("root=/dev/nfs nfsroot=10.77.0.9:/srv/image", "10.77.0.9:/srv/image", null, "")]
    [InlineData("console=tty0 root=/dev/nfs4 nfsroot=10.77.0.9:/srv/image quiet", "10.77.0.9:/srv/image", "4", "")]
    [InlineData("root=/dev/nfs nfsroot=10.77.0.9:/srv/image,vers=3,rsize=32768", "10.77.0.9:/srv/image", "3", ",rsize=32768")]
    [InlineData("root=/dev/nfs nfsroot=10.77.0.9:/srv/image,nfsvers=4.2,tcp", "10.77.0.9:/srv/image", "4.2", ",tcp")]
    [InlineData("root=/dev/nfs4 nfsroot=10.77.0.9:/srv/image,v4.1", "10.77.0.9:/srv/image", "4.1", "")]
    [InlineData("nfsroot=/srv/%s/root", "10.77.0.2:/srv/10.77.0.61/root", null, "")]
    [InlineData("nfsroot=10.77.0.9:/a/%s/%s", "10.77.0.9:/a/10.77.0.61/10.77.0.61", null, "")]
    [InlineData("nfsroot=\"10.77.0.9:/srv/a:b\"", "10.77.0.9:/srv/a:b", null, "")]
    // dracut's: the rest is in root= itself.
    [InlineData("root=nfs:10.77.0.9:/srv/image", "10.77.0.9:/srv/image", null, "")]
    [InlineData("root=nfs4:10.77.0.9:/srv/image:nolock,timeo=50", "10.77.0.9:/srv/image", "4", ",nolock,timeo=50")]
    [InlineData("root=nfs:/srv/image", "10.77.0.2:/srv/image", null, "")]
    // The last one counts.
    [InlineData("nfsroot=10.77.0.8:/old nfsroot=10.77.0.9:/new", "10.77.0.9:/new", null, "")]
    public void KernelCommandLineNamesARoot(string line, string export, string? version, string data)
    {
        var root = Find(line).Root.ShouldNotBeNull();
        (root.ToString(), root.Options.Version, root.Options.Data).ShouldBe((export, version, data));
        root.Options.LeftOut.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("10.77.0.9:/srv/image", "10.77.0.9:/srv/image", null)]
    [InlineData("10.77.0.9:/srv/image,vers=3", "10.77.0.9:/srv/image", "3")]
    [InlineData("/srv/image", "10.77.0.2:/srv/image", null)]
    [InlineData("nfs:10.77.0.9:/srv/image:ro", "10.77.0.9:/srv/image", null)]
    [InlineData("nfs4:/srv/%s", "10.77.0.2:/srv/10.77.0.61", "4")]
    public void DhcpNamesARoot(string rootPath, string export, string? version)
    {
        foreach (var line in (string[])["", "root=/dev/nfs", "root=dhcp console=ttyS0"])
        {
            var root = Find(line, ("rootpath", rootPath)).Root.ShouldNotBeNull();
            (root.ToString(), root.Options.Version).ShouldBe((export, version));
        }

        Find("root=/dev/nfs4", ("rootpath", "/srv/image")).Root!.Options.Version.ShouldBe("4");
    }

    [Fact]
    public void CommandLineWinsOverDhcpAndNextServerOverDhcpServer()
    {
        Find("nfsroot=10.77.0.9:/mine", ("rootpath", "10.77.0.8:/theirs")).Root!.ToString().ShouldBe("10.77.0.9:/mine");
        Find("", ("rootpath", "/srv"), ("siaddr", "10.77.0.7")).Root!.ToString().ShouldBe("10.77.0.7:/srv");
    }

    [Fact]
    public void HostNameFromDhcpStandsForTheNodeIfItIsOne()
    {
        Find("", ("rootpath", "/srv/%s"), ("hostname", "node-1a2b3c")).Root!.Path.ShouldBe("/srv/node-1a2b3c");
        Find("", ("rootpath", "/srv/%s"), ("hostname", "../../etc")).Root!.Path.ShouldBe("/srv/10.77.0.61");
    }

    [Fact]
    public void ReadOnlyIsThePlatformsToSay()
    {
        Find("", ("rootpath", "/srv")).Root!.Options.ReadOnly.ShouldBeNull();
        Find("", ("rootpath", "/srv,rw,ro")).Root!.Options.ReadOnly.ShouldBe(true);
        Find("", ("rootpath", "/srv,rw")).Root!.Options.ReadOnly.ShouldBe(false);
        string[] lines = ["rw ro", "ro rw", ""];
        lines.Select(line => KernelCommandLine.Parse(line).ReadOnly).ShouldBe([true, false, false]);
    }

    [Fact]
    public void WithoutARootTheNodeIsToldWhereOneCouldStand()
    {
        var naming = Find("console=ttyS0 root=/dev/nfs");
        (naming.Root, naming.Unsaid).ShouldBe((null, true));
        naming.Reason.ShouldContain("option 17");
        naming.Reason.ShouldContain("nfsroot=");
    }

    [Theory]
    [InlineData("root=/dev/nbfs nbfsroot=/srv", "NBFS and NBD are not supported")]
    [InlineData("root=/dev/nbd0", "NBFS and NBD are not supported")]
    [InlineData("root=/dev/mmcblk0p2", "local disks")]
    [InlineData("root=UUID=1234", "local disks")]
    [InlineData("nfsroot=image", "[server:]/path")]
    [InlineData("nfsroot=srv/image", "no IPv4 address")]
    [InlineData("nfsroot=server.example:/srv", "no IPv4 address")]
    [InlineData("nfsroot=[fd00::1]:/srv", "no IPv4 address")]
    [InlineData("nfsroot=10.77:/srv", "no IPv4 address")]
    [InlineData("nfsroot=127.0.0.1:/srv", "no IPv4 address")]
    [InlineData("nfsroot=0.0.0.0:/srv", "no IPv4 address")]
    [InlineData("nfsroot=239.1.2.3:/srv", "no IPv4 address")]
    [InlineData("nfsroot=255.255.255.255:/srv", "no IPv4 address")]
    public void WhatIsNoNetworkRootIsRefusedWithItsReason(string line, string reason)
    {
        var naming = Find(line, ("rootpath", "10.77.0.9:/ignored"));
        (naming.Root, naming.Unsaid).ShouldBe((null, false));
        naming.Reason.ShouldContain(reason);
    }

    [Theory]
    [InlineData("10.77.0.9:/srv\n/etc")]
    [InlineData("10.77.0.9:/srv\u001b[2J")]
    [InlineData("10.77.0.9:/srv/\u00e9")]
    [InlineData("$(reboot):/srv")]
    [InlineData("`reboot`:/srv")]
    [InlineData("10.77.0.9;reboot:/srv")]
    [InlineData("iscsi:10.77.0.9::::iqn.2026")]
    [InlineData("-o:/srv")]
    [InlineData(":")]
    [InlineData(":/srv")]
    [InlineData(" ")]
    public void HostileTextFromDhcpIsRefusedAndPrintable(string rootPath)
    {
        var naming = Find("", ("rootpath", rootPath));
        naming.Root.ShouldBeNull();
        naming.Reason.ShouldAllBe(c => c >= ' ' && c <= '~');
    }

    [Fact]
    public void PathIsOnlyAPathWhateverStandsInIt()
    {
        // mount(2) takes it as one argument; no shell ever sees it.
        Find("", ("rootpath", "10.77.0.9:/srv/$(reboot);`id` -o x")).Root!.Path.ShouldBe("/srv/$(reboot);`id` -o x");
        Find("", ("rootpath", "10.77.0.9:/" + new string('a', 2000))).Root.ShouldBeNull();
    }

    [Theory]
    [InlineData("addr=192.168.50.7")]
    [InlineData("mountaddr=192.168.50.7")]
    [InlineData("clientaddr=192.168.50.7")]
    [InlineData("proto=udp")]
    [InlineData("proto=rdma")]
    [InlineData("sec=krb5p")]
    [InlineData("vers=2")]
    [InlineData("vers=4.9")]
    [InlineData("rsize=0")]
    [InlineData("rsize=99999999999")]
    [InlineData("rsize=+4096")]
    [InlineData("timeo=-1")]
    [InlineData("port=0")]
    [InlineData("port=70000")]
    [InlineData("context=x")]
    [InlineData("soft")]
    [InlineData("fsc")]
    [InlineData("suid\u0007")]
    public void OptionThatCouldLeadTheMountAstrayIsLeftOutAndNamed(string option)
    {
        var options = NfsOptions.Parse($"nolock,{option},wsize=65536");
        options.Data.ShouldBe(",nolock,wsize=65536");
        (options.Version, options.Port).ShouldBe((null, null));
        options.LeftOut.ShouldHaveSingleItem().ShouldAllBe(c => c >= ' ' && c <= '~');
    }

    [Fact]
    public void MountIsToldTheNamedServerLast()
    {
        var root = new RootSpec(IPAddress.Parse("10.77.0.9"), "/srv", NfsOptions.Parse("rsize=4096,port=2050,addr=6.6.6.6"));
        var own = IPAddress.Parse("10.77.0.61");
        root.Options.Port.ShouldBe(2050);
        NfsRoot.Data(root, own, "4.2").ShouldBe("vers=4.2,proto=tcp,hard,rsize=4096,port=2050,addr=10.77.0.9,clientaddr=10.77.0.61");
        NfsRoot.Data(root, own, "3").ShouldBe("vers=3,proto=tcp,mountproto=tcp,hard,nolock,rsize=4096,port=2050,addr=10.77.0.9,mountaddr=10.77.0.9");
    }

    [Theory]
    [InlineData(null, "4.2 4.1 4.0 3")]
    [InlineData("4", "4.2 4.1 4.0")]
    [InlineData("4.1", "4.1")]
    [InlineData("3", "3")]
    public void BestVersionIsTriedFirst(string? asked, string tried) => string.Join(' ', NfsRoot.Versions(asked)).ShouldBe(tried);

    [Fact]
    public void RootDelayAndInitAreTheKernelsWords()
    {
        var line = KernelCommandLine.Parse("rootdelay=30 init=/lib/systemd/systemd\n");
        (line.RootDelay, line.Init).ShouldBe((TimeSpan.FromSeconds(30), "/lib/systemd/systemd"));
        var usual = KernelCommandLine.Parse("rootdelay=0 rootdelay=forever rootdelay=999999 init=relative");
        (usual.RootDelay, usual.Init).ShouldBe((TimeSpan.FromSeconds(180), "/sbin/init"));
    }
}

using System.Net;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Namespaces;

/// <summary>WalT's enrolment from boards in the platform's own network (docs/security.md LEG-2, LEG-3, LEG-5).</summary>
/// <remarks><see cref="LanNetwork"/> draws the network.</remarks>
[Collection(LanSite.Collection)]
public sealed class LanEnrollmentTests
{
    private const string Ok = "OK";

    private static readonly string[] Values =
        ["ssh-pubkey-cert", "ssh-entrypoint-host-keys", "http-path", "vpn-mac", "ssh-entrypoint", "http-entrypoint", "boot-mode", "public.pem"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task BoardOfWaltEnrolsAndLogsInWithWhatItFetches()
    {
        await using var site = await LanSite.Open();
        var board = await site.Board(1);
        (await board.NodeConf("ssh-pubkey-cert")).ShouldBe(LanAnswer.Value(""));
        (await board.NodeConf("vpn-mac")).ShouldBe(LanAnswer.Value(""));
        var key = await board.MakeKey();
        (await board.Enroll(key)).ShouldBe(LanAnswer.Value(Ok));

        var node = (await site.Platform.Nodes()).ShouldHaveSingleItem();
        (node.Legacy, node.Mac.ToString(), node.Serial).ShouldBe((true, board.Mac, ""));
        var answers = new Dictionary<string, string>();
        foreach (var value in Values)
        {
            var answer = await board.NodeConf(value);
            (answer.Status, answer.ContentType).ShouldBe((200, "text/plain; charset=us-ascii"), value);
            answers[value] = answer.Body;
        }

        answers["vpn-mac"].ShouldBe(node.VpnMac.ToString());
        answers["http-path"].ShouldBe("walt-vpn/per-ip/10-9-0-21");
        answers["ssh-entrypoint"].ShouldBe("srv.example.org");
        answers["http-entrypoint"].ShouldBe("boot.example.org");
        answers["boot-mode"].ShouldBe("enforced");
        answers["public.pem"].ShouldBe(await File.ReadAllTextAsync(site.Platform.Settings.BootPublicKeyFile, Cancellation));
        var hostKey = (await File.ReadAllTextAsync(site.Platform.Ca.PublicKeyFile, Cancellation)).Split(' ')[1];
        answers["ssh-entrypoint-host-keys"].ShouldBe($"srv.example.org ssh-ed25519 {hostKey}\n");

        // Not beside the key: ssh would take it by itself.
        var certificate = Path.Combine(board.Folder, "certificate.pub");
        await File.WriteAllTextAsync(certificate, answers["ssh-pubkey-cert"], Cancellation);
        var shown = await Shell.Run("ssh-keygen", ["-L", "-f", certificate]);
        shown.ShouldContain("ecdsa-sha2-nistp384-cert-v01@openssh.com user certificate");
        shown.ShouldContain($"Key ID: \"{node.Id}/1\"");
        shown.ShouldContain($"waltvpn:{node.Id}");
        shown.ShouldContain("Critical Options: (none)");
        shown.ShouldMatch(@"Extensions:\s+permit-agent-forwarding\s*$");
        shown.ShouldNotContain("forever");
        using var sshd = await TestSshd.Start(site.Platform, SshdProgram.Bookworm);
        (await sshd.Ssh("walt-vpn", key, certificate)).ShouldStartWith("admitted\n");
        // The plain key opens nothing, and an agent is not forwarded in spite of the extension.
        (await sshd.Ssh("walt-vpn", key, null)).ShouldContain("Permission denied");
        (await sshd.Ssh("walt-vpn", key, certificate, "-A")).ShouldStartWith("admitted\n");

        // Permissive, alone of all: said in the board's own protocol, with a certificate that does not live long (docs/security.md BOOT-6).
        (await site.Platform.Waltvpn("node", "boot-mode", node.Name, "permissive")).Status.ShouldBe(0);
        (await board.NodeConf("boot-mode")).ShouldBe(LanAnswer.Value("permissive"));
        var brief = Certificates.SshCertificate.Parse((await board.NodeConf("ssh-pubkey-cert")).Body.Trim());
        (brief.ValidBefore - brief.ValidAfter).ShouldBe(TimeSpan.FromDays(30));

        // Revoked like any other: by the live question and, for a helper that admits everybody, by the list.
        await site.Platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{node.Id}/revoke");
        (await sshd.Ssh("walt-vpn", key, certificate)).ShouldContain("Permission denied");
        File.WriteAllText(sshd.HelperFile, $"#!/bin/sh\necho 'restrict,command=\"echo admitted\" waltvpn:{node.Id}'\n");
        (await sshd.Ssh("walt-vpn", key, certificate)).ShouldStartWith("admitted\n");
        File.Copy(site.Platform.Settings.RevocationListFile, sshd.ListFile, overwrite: true);
        (await sshd.Ssh("walt-vpn", key, certificate)).ShouldContain("Permission denied");
        (await board.NodeConf("ssh-pubkey-cert")).Body.ShouldBeEmpty();
        (await board.Enroll(key)).Body.ShouldContain("revoked");
    }

    [Fact]
    public async Task SameKeyKeepsNodeMacAndCertificateAndEd25519IsTakenToo()
    {
        await using var site = await LanSite.Open();
        var board = await site.Board(1);
        var key = await board.MakeKey("ed25519", "256");
        (await board.Enroll(key)).Body.ShouldBe(Ok);
        var (mac, certificate) = ((await board.NodeConf("vpn-mac")).Body, (await board.NodeConf("ssh-pubkey-cert")).Body);
        // As a plain value of the form, too.
        (await board.Curl(Routes.LegacyEnroll, ["-F", $"ssh-pubkey=<{key}.pub"])).Body.ShouldBe(Ok);
        (await board.NodeConf("vpn-mac")).Body.ShouldBe(mac);
        (await board.NodeConf("ssh-pubkey-cert")).Body.ShouldBe(certificate);
        (await site.Platform.Nodes()).ShouldHaveSingleItem().Legacy.ShouldBeTrue();
    }

    [Fact]
    public async Task ManualWaitsForTheOperatorAndTheNextTrySucceeds()
    {
        await using var site = await LanSite.Open(EnrollmentPolicy.Manual);
        var board = await site.Board(1);
        var key = await board.MakeKey();
        var waiting = await board.Enroll(key);
        var request = (await site.Platform.Requests()).ShouldHaveSingleItem();
        (request.State, request.Legacy, request.Mac.ToString(), request.Source).ShouldBe((RequestState.Pending, true, board.Mac, board.Address));
        var told = $"request {request.Id} waits for an operator; when she has typed 'waltvpn request accept {request.Id}', ask again";
        waiting.ShouldBe(LanAnswer.Error(403, told));
        (await board.Enroll(key)).Status.ShouldBe(403);
        (await board.NodeConf("ssh-pubkey-cert")).Body.ShouldBeEmpty();
        (await site.Platform.Api(HttpMethod.Post, $"{Routes.Requests}/{request.Id}/accept")).Status.ShouldBe(HttpStatusCode.OK);
        (await board.Enroll(key)).Body.ShouldBe(Ok);
        SshCertificate.Parse((await board.NodeConf("ssh-pubkey-cert")).Body).Extensions.ShouldBe(["permit-agent-forwarding"]);

        var other = await site.Board(2);
        var refused = await other.MakeKey();
        (await other.Enroll(refused)).Status.ShouldBe(403);
        var second = (await site.Platform.Requests()).Single(view => view.State == RequestState.Pending);
        await site.Platform.Api(HttpMethod.Post, $"{Routes.Requests}/{second.Id}/deny", new RequestDecision { Reason = "not our board" });
        (await other.Enroll(refused)).ShouldBe(LanAnswer.Error(400, "not our board"));
    }

    [Fact]
    public async Task DenyTakesNobodyAndKeepsNoRow()
    {
        await using var site = await LanSite.Open(EnrollmentPolicy.Deny);
        var board = await site.Board(1);
        (await board.Enroll(await board.MakeKey())).ShouldBe(LanAnswer.Error(400, "this server takes no new nodes from here"));
        (await site.Platform.Requests()).ShouldBeEmpty();
    }

    [Fact]
    public async Task SecondKeyOfAKnownBoardWaitsWithAnAlarmAndReplacesOnlyWhenTold()
    {
        await using var site = await LanSite.Open();
        var board = await site.Board(1);
        var (old, fresh) = (await board.MakeKey(), await board.MakeKey());
        (await board.Enroll(old)).Body.ShouldBe(Ok);
        var before = (await site.Platform.Nodes()).Single();
        var certificate = (await board.NodeConf("ssh-pubkey-cert")).Body;
        (await board.Enroll(fresh)).Status.ShouldBe(403);
        (await board.NodeConf("ssh-pubkey-cert")).Body.ShouldBe(certificate);
        var alarm = $"Critical ALARM: the board of {before.Name} asks for another key";
        site.Platform.Log.Lines.ShouldContain(line => line.StartsWith(alarm, StringComparison.Ordinal));
        var request = (await site.Platform.Requests()).Single(view => view.State == RequestState.Pending);
        request.Warning.ShouldNotBeNull().ShouldContain(before.Name);
        (await site.Platform.Api(HttpMethod.Post, $"{Routes.Requests}/{request.Id}/accept")).Status.ShouldBe(HttpStatusCode.Conflict);
        var replace = new RequestDecision { ReplaceKey = true };
        (await site.Platform.Api(HttpMethod.Post, $"{Routes.Requests}/{request.Id}/accept", replace)).Status.ShouldBe(HttpStatusCode.OK);
        (await board.Enroll(fresh)).Body.ShouldBe(Ok);
        var after = (await site.Platform.Nodes()).Single();
        (after.Id, after.VpnMac, after.Name).ShouldBe((before.Id, before.VpnMac, before.Name));
        var (made, former) = (SshCertificate.Parse((await board.NodeConf("ssh-pubkey-cert")).Body), SshCertificate.Parse(certificate));
        made.KeyId.ShouldBe($"{before.Id}/2");
        made.Key.ShouldNotBe(former.Key);
        (await board.Enroll(old)).Body.ShouldContain("revoked");
    }

    [Fact]
    public async Task KeyOfAnotherBoardIsRefusedWithAnAlarm()
    {
        await using var site = await LanSite.Open();
        var (board, other) = (await site.Board(1), await site.Board(2));
        var key = await board.MakeKey();
        (await board.Enroll(key)).Body.ShouldBe(Ok);
        (await other.Enroll(key)).Status.ShouldBe(400);
        site.Platform.Log.Lines.ShouldContain(line => line.StartsWith("Critical ALARM", StringComparison.Ordinal));
        (await other.NodeConf("vpn-mac")).Body.ShouldBeEmpty();
    }

    [Fact]
    public async Task WhatIsNoUsableKeyIsRefusedInWordsAndChangesNothing()
    {
        await using var site = await LanSite.Open();
        var board = await site.Board(1);
        var good = await board.MakeKey();
        var off = Path.Combine(board.Folder, "off");
        var words = (await File.ReadAllTextAsync(good + ".pub", Cancellation)).Split(' ');
        var blob = Convert.FromBase64String(words[1]);
        blob[^1] ^= 1;
        await File.WriteAllTextAsync(off + ".pub", $"{words[0]} {Convert.ToBase64String(blob)}\n", Cancellation);
        foreach (var key in (string[])[off, await board.MakeKey("rsa", "3072"), await board.MakeKey("ecdsa", "256"), await board.MakeKey("ecdsa", "521")])
        {
            var answer = await board.Enroll(key);
            (answer.Status, answer.ContentType).ShouldBe((400, "text/plain; charset=utf-8"));
            answer.Body.ShouldStartWith("the public key is ");
        }

        foreach (var options in (string[][])
        [
            ["-F", "other=x"], ["-d", "ssh-pubkey=x"], ["-X", "POST"], ["-F", $"ssh-pubkey=@{good}.pub", "-F", $"ssh-pubkey=@{good}.pub"],
            ["-F", $"ssh-pubkey=@{good}.pub", "-F", "ssh-pubkey=x"], ["-H", "Content-Type: multipart/form-data; boundary=x", "--data-binary", "--y"],
            ["-H", "Content-Type: multipart/form-data", "--data-binary", "--"], ["-F", $"ssh-pubkey=@{good}"],
        ])
        {
            (await board.Curl(Routes.LegacyEnroll, options)).Status.ShouldBe(400, string.Join(' ', options));
        }

        // Too long, announced and not.
        var large = Path.Combine(board.Folder, "large");
        await File.WriteAllBytesAsync(large, new byte[5000], Cancellation);
        (await board.Curl(Routes.LegacyEnroll, ["-F", $"ssh-pubkey=@{large}"])).Status.ShouldBe(413);
        (await board.Curl(Routes.LegacyEnroll, ["-F", $"ssh-pubkey=@{large}", "-H", "Transfer-Encoding: chunked"])).Status.ShouldBe(413);
        (await site.Platform.Requests()).ShouldBeEmpty();
        (await site.Platform.Nodes()).ShouldBeEmpty();
    }

    [Fact]
    public async Task SettingsThatAreIncompleteAreNamedAndTheValuesEmpty()
    {
        await using var site = await LanSite.Open(change: settings => settings with { HttpEntrypoint = null });
        var board = await site.Board(1);
        var refused = LanAnswer.Error(400, "the server's settings are incomplete: http.entrypoint is not set in server.yaml");
        (await board.Enroll(await board.MakeKey())).ShouldBe(refused);
        foreach (var value in (string[])["ssh-entrypoint", "http-entrypoint", "boot-mode", "vpn-mac", "ssh-pubkey-cert"])
            (await board.NodeConf(value)).ShouldBe(LanAnswer.Value(""), value);
        (await board.NodeConf("ssh-entrypoint-host-keys")).Status.ShouldBe(400);
        (await site.Platform.Requests()).ShouldBeEmpty();
    }

    [Fact]
    public async Task NodeThatEnrolledOverSshIsNotLegacyAndIsKnownByItsMacAddress()
    {
        await using var site = await LanSite.Open();
        var board = await site.Board(1);
        var node = await TestNode.Make(site.Platform, 1);
        node.Mac = board.Mac;
        var identity = (await node.Enroll(site.Platform, TestPlatform.Lan)).Identity.ShouldNotBeNull();
        (await site.Platform.Nodes()).Single().Legacy.ShouldBeFalse();
        (await board.NodeConf("vpn-mac")).Body.ShouldBe(identity.VpnMac.ToString());
        (await board.NodeConf("ssh-pubkey-cert")).Body.ShouldBe(identity.Certificate + "\n");
        SshCertificate.Parse(identity.Certificate).Extensions.ShouldBeEmpty();
        // Its own key by WalT's protocol: the same node. Another one: to approval, though nobody said so of its serial number.
        await File.WriteAllTextAsync(Path.Combine(board.Folder, "same.pub"), node.PublicKey, Cancellation);
        (await board.Enroll(Path.Combine(board.Folder, "same"))).Body.ShouldBe(Ok);
        (await board.Enroll(await board.MakeKey())).Status.ShouldBe(403);
        (await site.Platform.Requests()).Single(request => request.State == RequestState.Pending).Serial.ShouldBe(node.Serial);
    }

    [Fact]
    public async Task NodeBehindItsTunnelIsFarAway()
    {
        // The hub says that board 2's address is one of a tunnel.
        await using var site = await LanSite.Open();
        var board = await site.Board(2);
        var session = new TunnelSession
        {
            NodeId = new string('1', 32),
            VpnMac = MacAddress.Parse(board.Mac),
            CertificateSerial = 1,
            Tap = "tap1",
            Since = DateTimeOffset.UnixEpoch,
            Addresses = [board.Address],
            FramesFromNode = 0,
            FramesToNode = 0,
            BytesFromNode = 0,
            BytesToNode = 0,
            FramesRefused = 0,
        };
        site.Platform.Hub.Sessions[session.NodeId] = session;
        (await board.Enroll(await board.MakeKey())).Status.ShouldBe(403);
        (await site.Platform.Requests()).Single().State.ShouldBe(RequestState.Pending);
    }
}

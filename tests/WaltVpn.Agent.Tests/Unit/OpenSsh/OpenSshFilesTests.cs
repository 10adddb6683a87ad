using System.Text;
using Shouldly;
using WaltVpn.Agent.OpenSsh;
using WaltVpn.Agent.Tests.Reconcile;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.OpenSsh;

/// <summary>Files of the real ssh-keygen, whole and damaged.</summary>
public sealed class OpenSshFilesTests : IDisposable
{
    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("-t", "ed25519")]
    [InlineData("-t", "ecdsa", "-b", "256")]
    [InlineData("-t", "ecdsa", "-b", "384")]
    [InlineData("-t", "ecdsa", "-b", "521")]
    public void ThePublicHalfOfAKeyIsTheOneThatSshKeygenWrote(params string[] kind)
    {
        SshMaterial.Run(_folder, "ssh-keygen", ["-q", "-N", "", "-C", "comment", "-f", "key", .. kind]);
        SshPublicKey.TryReadFrom(new Secret(_folder.Read("key")), out var key).ShouldBeTrue();
        key.Line.ShouldBe(string.Join(' ', _folder.Read("key.pub").Split(' ')[..2]));
        key.Fingerprint.ShouldBe(SshMaterial.Run(_folder, "ssh-keygen", "-l", "-f", "key.pub").Split(' ')[1]);
    }

    [Theory]
    [InlineData("secret", "-t", "ed25519")]
    [InlineData("", "-t", "rsa")]
    [InlineData("", "-t", "ecdsa", "-m", "PEM")]
    public void KeysThatNodesDoNotUseAreNotRead(string passphrase, params string[] kind)
    {
        SshMaterial.Run(_folder, "ssh-keygen", ["-q", "-N", passphrase, "-f", "key", .. kind]);
        SshPublicKey.TryReadFrom(new Secret(_folder.Read("key")), out _).ShouldBeFalse();
    }

    [Fact]
    public void OnlyWholeUserCertificatesAreRead()
    {
        var whole = SshMaterial.Shared.Nodes[0].Certificates[0];
        NodeCertificate.TryParse(whole, out var certificate).ShouldBeTrue();
        (certificate.Serial, certificate.Line).ShouldBe((1UL, string.Join(' ', whole.Split(' ')[..2])));
        SshPublicKey.TryReadFrom(SshMaterial.Shared.Nodes[0].Key, out var key).ShouldBeTrue();
        certificate.Key.ShouldBe(key);

        var blob = Convert.FromBase64String(whole.Split(' ')[1]);
        for (var length = 0; length < blob.Length; length++)
        {
            NodeCertificate.TryParse($"{whole.Split(' ')[0]} {Convert.ToBase64String(blob, 0, length)}", out _).ShouldBeFalse($"{length} bytes");
        }

        NodeCertificate.TryParse($"{whole.Split(' ')[0]} {Convert.ToBase64String([.. blob, 0])}", out _).ShouldBeFalse("a byte too much");
        NodeCertificate.TryParse(key!.Line, out _).ShouldBeFalse("a key");
        NodeCertificate.TryParse(whole + whole, out _).ShouldBeFalse("two lines");
        SshMaterial.Run(_folder, "ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-f", "ca");
        SshMaterial.Run(_folder, "ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-f", "host");
        SshMaterial.Run(_folder, "ssh-keygen", "-q", "-s", "ca", "-h", "-I", "host", "-n", "example.org", "host.pub");
        NodeCertificate.TryParse(_folder.Read("host-cert.pub"), out _).ShouldBeFalse("a host's certificate");
    }

    [Fact]
    public void HostKeysAreReadUnderTheNamesThatSshLooksFor()
    {
        var key = SshMaterial.Shared.HostKeys[0];
        _folder.Write("known_hosts", Encoding.ASCII.GetBytes($"[a.example.org]:2222 {key}\nb.example.org,10.0.0.1 {key} comment\n"));
        SshMaterial.Run(_folder, "ssh-keygen", "-q", "-H", "-f", "known_hosts");
        string[] names = [KnownHosts.NameOf(new("a.example.org", 2222)), KnownHosts.NameOf(new("b.example.org", 22))];
        foreach (var text in (string[])[_folder.Read("known_hosts"), _folder.Read("known_hosts.old"), "# a comment\r\n\r\n" + _folder.Read("known_hosts.old")])
        {
            // Hashing makes a line of each name; 10.0.0.1 is none of those asked for.
            KnownHosts.ReadStored(text, names).Where(found => names.Contains(found.Host)).ShouldBe(
                [new("[a.example.org]:2222", "ssh-ed25519", key.Split(' ')[1]), new("b.example.org", "ssh-ed25519", key.Split(' ')[1])]);
        }
    }

    [Theory]
    [InlineData("other.example.org KEY", "another host")]
    [InlineData("*.example.org KEY", "another host")]
    [InlineData("[a.example.org]:22 KEY", "another host")]
    [InlineData("|1|AAAA|BBBB KEY", "another host")]
    [InlineData("|1|AAAA KEY", "another host")]
    [InlineData("@cert-authority a.example.org KEY", "no host key")]
    [InlineData("a.example.org ssh-ed25519", "no host key")]
    [InlineData("a.example.org ssh-ed25519 AAAA", "no host key")]
    [InlineData("a.example.org ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAAA", "no host key")]
    [InlineData("<html>", "no host key")]
    public void ALineOfAServerThatIsNotAHostKeyOfItsEntrypointsIsRefused(string line, string reason)
    {
        var text = "# first\n" + line.Replace("KEY", SshMaterial.Shared.HostKeys[0], StringComparison.Ordinal);
        var refusal = Should.Throw<FormatException>(() => KnownHosts.Read(text, ["a.example.org"])).Message;
        refusal.ShouldContain("line 2");
        refusal.ShouldContain(reason);
    }
}

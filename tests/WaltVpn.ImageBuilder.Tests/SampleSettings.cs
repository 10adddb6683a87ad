using WaltVpn.Protocol;

namespace WaltVpn.ImageBuilder.Tests;

/// <summary>Settings with real keys, made by ssh-keygen for one run of the tests.</summary>
internal sealed record SampleSettings(string PrivateKey, string PublicKey)
{
    public static async Task<SampleSettings> CreateAsync(string folder)
    {
        var path = Path.Combine(folder, "key");
        await HostProgram.CheckAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path]);
        return new SampleSettings(await File.ReadAllTextAsync(path), (await File.ReadAllTextAsync(path + ".pub")).Trim());
    }

    /// <summary>As waltvpn setup-node prints them.</summary>
    public string Yaml => $"""
        # settings of a platform
        platform: demo.example.org
        sshEntrypoints: ["10.0.2.2:2222", ssh.example.org]
        hostKeys:
          - {PublicKey}
        enrollmentKey: |
          {PrivateKey.TrimEnd().ReplaceLineEndings("\n  ")}

        """;

    /// <summary>What <see cref="Yaml"/> says.</summary>
    public void ShouldEqual(NodeSettings settings)
    {
        settings.Platform.ShouldBe("demo.example.org");
        settings.SshEntrypoints.ShouldBe(["10.0.2.2:2222", "ssh.example.org"]);
        settings.HostKeys.ShouldBe([PublicKey]);
        settings.EnrollmentKey.Reveal().ShouldBe(PrivateKey);
    }
}

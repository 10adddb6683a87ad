using System.Diagnostics;
using System.Security.Cryptography;
using Shouldly;
using WaltVpn.Agent.Enrollment;
using WaltVpn.Agent.Startup;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Agent.Tests.Namespaces;

/// <summary>
/// <code>
/// loop device, ext4 WALT_VPN_STATE ── mounted at /run/walt-vpn/state, read-only but during a write ── ssh-keygen
/// </code>
/// </summary>
[Collection(Alone.Name)]
public sealed class NodeKeyTests : IDisposable
{
    private static readonly NodeIdentity Identity = new()
    {
        NodeId = new string('a', 32),
        Name = "node-1",
        VpnMac = MacAddress.Parse("52:54:00:00:00:01"),
        Certificate = "ssh-ed25519-cert-v01@openssh.com AAAA",
    };
    private readonly string _image = Path.GetTempFileName();
    private readonly string _device;
    private readonly StatePartition _state;
    private readonly RecordingLog _log = new();

    public NodeKeyTests()
    {
        File.Delete(_image);
        Run("mke2fs", "-q", "-t", "ext4", _image, "8M");
        Directory.CreateDirectory(StatePartition.MountPoint);
        // Two steps: mount -o loop,ro would make the device itself read-only.
        _device = Run("losetup", "--find", "--show", _image).Trim();
        Run("mount", "-o", "ro", _device, StatePartition.MountPoint);
        _state = StatePartition.At(StatePartition.MountPoint);
    }

    public void Dispose()
    {
        Run("umount", StatePartition.MountPoint);
        Run("losetup", "--detach", _device);
        File.Delete(_image);
    }

    [Fact]
    public async Task AKeyIsMadeOnceKeptAndSignsWhatTheServerVerifies()
    {
        NodeKey.Stored(_state, _log).ShouldBeNull();
        var key = await NodeKey.Make(_state, RandomNumberGenerator.GetBytes(EnrollmentChallenge.NonceLength), _log);
        NodeKey.Stored(_state, _log).ShouldBe(key);
        key.PublicKey.ShouldStartWith("ssh-ed25519 ");
        File.GetUnixFileMode(key.PrivateKeyPath).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Directory.Exists("/run/walt-vpn/new-key").ShouldBeFalse();

        var text = EnrollmentSignature.SignedText("lab", "nonce", key.PublicKey);
        var signature = Path.GetTempFileName();
        var signers = Path.GetTempFileName();
        await File.WriteAllTextAsync(signature, await key.Sign(text), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(signers, $"node {key.PublicKey}\n", TestContext.Current.CancellationToken);
        Verify(signers, signature, text).ShouldBe(0);
        text[^2] ^= 1;
        Verify(signers, signature, text).ShouldNotBe(0);
        (await key.Fingerprint()).ShouldBe(Run("ssh-keygen", "-l", "-f", key.PrivateKeyPath + ".pub").Split(' ')[1]);
    }

    [Fact]
    public async Task TheServersNonceGoesIntoTheKernelsGeneratorBeforeAKeyIsMade()
    {
        var nonce = RandomNumberGenerator.GetBytes(EnrollmentChallenge.NonceLength);
        var pool = Path.GetTempFileName();
        Run("mount", "--bind", pool, "/dev/urandom");
        try
        {
            await NodeKey.Make(_state, nonce, _log);
        }
        finally
        {
            Run("umount", "/dev/urandom");
        }

        (await File.ReadAllBytesAsync(pool, TestContext.Current.CancellationToken)).AsSpan(0, nonce.Length).SequenceEqual(nonce).ShouldBeTrue();
        File.Delete(pool);
    }

    [Fact]
    public async Task AnIdentityIsForOnePlatformAndOneKey()
    {
        var log = new RecordingLog();
        var key = await NodeKey.Make(_state, new byte[32], _log);
        StoredIdentity.Read(_state, "lab", key, log).ShouldBeNull();
        new StoredIdentity("lab", key.PublicKey, Identity).Write(_state);
        StoredIdentity.Read(_state, "lab", key, log).ShouldBe(Identity);
        StoredIdentity.Read(_state, "other", key, log).ShouldBeNull();
        StoredIdentity.Read(_state, "lab", key with { PublicKey = "ssh-ed25519 BBBB" }, log).ShouldBeNull();
        log.Lines.ShouldBeEmpty();
    }

    [Fact]
    public async Task ADamagedIdentityIsReportedAndAskedForAgain()
    {
        var log = new RecordingLog();
        var key = await NodeKey.Make(_state, new byte[32], _log);
        new StoredIdentity("lab", key.PublicKey, Identity).Write(_state);
        var path = Path.Combine(_state.Directory, "identity.json");
        var whole = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        for (var length = 0; length < whole.Length; length += 7)
        {
            var cut = whole[..length];
            _state.Write(() => StateFile.Write(_state, "identity.json", cut));
            StoredIdentity.Read(_state, "lab", key, log).ShouldBeNull();
        }

        log.Lines.ShouldAllBe(line => line.Contains("damaged"));
    }

    /// <summary>As a program has it that is just being started.</summary>
    [Fact]
    public async Task AWriteWaitsForWhoeverStillHasAFileOpenAndLeavesThePartitionReadOnly()
    {
        var closing = Task.CompletedTask;
        _state.Write(() =>
        {
            var held = File.Create(Path.Combine(_state.Directory, "held"));
            closing = Task.Run(async () =>
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200));
                await held.DisposeAsync();
            });
        });
        await closing;
        Options().ShouldContain("ro");
    }

    [Fact]
    public async Task WritesTakeTurns()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(() =>
        {
            for (var i = 0; i < 10; i++) _state.Write(() => File.WriteAllText(Path.Combine(_state.Directory, $"writer-{writer}"), $"{i}"));
        })));
        Options().ShouldContain("ro");
    }

    [Fact]
    public async Task AKeyWithAnyByteFlippedIsNoneAndSaid()
    {
        var key = await NodeKey.Make(_state, new byte[32], _log);
        foreach (var name in (string[])["node_key", "node_key.pub", "node_key.sum"])
        {
            var whole = await File.ReadAllBytesAsync(Path.Combine(_state.Directory, name), TestContext.Current.CancellationToken);
            for (var i = 0; i < whole.Length; i += 3)
            {
                var damaged = whole.ToArray();
                damaged[i] ^= (byte)(1 << (i % 8));
                _state.Write(() => File.WriteAllBytes(Path.Combine(_state.Directory, name), damaged));
                NodeKey.Stored(_state, _log).ShouldBeNull($"{name}, byte {i}");
            }

            _state.Write(() => File.WriteAllBytes(Path.Combine(_state.Directory, name), whole));
        }

        NodeKey.Stored(_state, _log).ShouldBe(key);
        _log.Lines.ShouldAllBe(line => line.Contains("a new key is made, which an operator has to accept"));
        (await NodeKey.Make(_state, new byte[32], _log)).PublicKey.ShouldNotBe(key.PublicKey);
    }

    [Fact]
    public async Task BetweenWritesThePartitionIsReadOnly()
    {
        await NodeKey.Make(_state, new byte[32], _log);
        Should.Throw<IOException>(() => File.WriteAllText(Path.Combine(_state.Directory, "x"), ""));
    }

    private static int Verify(string signers, string signature, byte[] text)
    {
        string[] arguments = ["-q", "-Y", "verify", "-f", signers, "-I", "node", "-n", EnrollmentSignature.Namespace, "-s", signature];
        using var process = Process.Start(new ProcessStartInfo("ssh-keygen", arguments) { RedirectStandardInput = true })!;
        process.StandardInput.BaseStream.Write(text);
        process.StandardInput.Close();
        process.WaitForExit();
        return process.ExitCode;
    }

    private static string[] Options() =>
        File.ReadLines("/proc/mounts").Last(line => line.Split(' ')[1] == StatePartition.MountPoint).Split(' ')[3].Split(',');

    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        process.ExitCode.ShouldBe(0, program);
        return output;
    }
}

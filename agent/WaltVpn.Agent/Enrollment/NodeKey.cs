using System.Security.Cryptography;
using System.Text;
using WaltVpn.Agent.Startup;
using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Enrollment;

/// <summary>The node's Ed25519 key, made on the node and kept on the state partition. The private half never leaves it.</summary>
/// <param name="PrivateKeyPath">File for ssh's IdentityFile and ssh-keygen's -f.</param>
/// <param name="PublicKey"><c>ssh-ed25519 AAAA…</c>, without comment.</param>
internal sealed record NodeKey(string PrivateKeyPath, string PublicKey)
{
    private const string FileName = "node_key";
    private const string SshKeygen = "/usr/bin/ssh-keygen";
    private const int HardwareBytes = 64;

    /// <summary>The stored key, or null on a first boot, or when it is damaged: then the node needs another.</summary>
    public static NodeKey? Stored(StatePartition state, INodeLog log)
    {
        var path = Path.Combine(state.Directory, FileName);
        if (!File.Exists(path) || !File.Exists(path + ".pub") || !File.Exists(path + ".sum")) return null;
        try
        {
            if (SealedFile.Open(File.ReadAllBytes(path + ".sum")).SequenceEqual(Sum(path))) return new NodeKey(path, ReadPublic(path + ".pub"));
            throw new FormatException("its checksum is another");
        }
        catch (FormatException damage)
        {
            log.Warning(
                BootStage.Enrollment,
                $"{FileName} on the state partition is damaged ({damage.Message}); a new key is made, which an operator has to accept.");
            return null;
        }
    }

    /// <summary>Makes and stores a key.</summary>
    /// <param name="state">Where.</param>
    /// <param name="serverNonce">
    /// Bytes from the server, mixed into the kernel's generator: a board whose own generator starts alike on every boot still makes a key of its own.
    /// </param>
    /// <param name="log">Told when the card gives back something else.</param>
    /// <exception cref="StageException">ssh-keygen failed.</exception>
    /// <remarks>docs/security.md NODE-7. Mixing claims no entropy, so foreign bytes can do no harm.</remarks>
    public static async Task<NodeKey> Make(StatePartition state, ReadOnlyMemory<byte> serverNonce, INodeLog log)
    {
        PrepareGenerator(serverNonce.Span);
        const string Directory = "/run/walt-vpn/new-key";
        System.IO.Directory.CreateDirectory(Directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var fresh = Path.Combine(Directory, FileName);
        File.Delete(fresh);
        var status = await ChildProcess.Start(SshKeygen, ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", fresh], ["PATH=/usr/bin:/bin"]).Exited;
        if (!status.Success) throw new StageException($"ssh-keygen could not make a key: {status}.");
        Keep(state, File.ReadAllBytes(fresh), File.ReadAllBytes(fresh + ".pub"));
        System.IO.Directory.Delete(Directory, recursive: true);
        return Stored(state, log) ?? throw new StageException("the new key cannot be read back from the state partition.");
    }

    /// <summary>Stores a key.</summary>
    /// <param name="state">Where.</param>
    /// <param name="privateKey">As ssh-keygen writes it.</param>
    /// <param name="publicKey">A line that begins with type and base64.</param>
    public static void Keep(StatePartition state, byte[] privateKey, byte[] publicKey) => state.Write(() =>
    {
        // The checksum last: Stored() takes a key for whole only when all are there.
        StateFile.Write(state, FileName, privateKey);
        StateFile.Write(state, FileName + ".pub", publicKey);
        StateFile.Write(state, FileName + ".sum", SealedFile.Seal(SHA256.HashData([.. privateKey, .. publicKey])));
    });

    /// <summary>Waits until the kernel's generator is seeded; then what is mixed in, from the hardware and from outside, goes into the very next key.</summary>
    internal static void PrepareGenerator(ReadOnlySpan<byte> serverNonce)
    {
        if (File.Exists("/dev/hwrng")) RandomPool.MixIn(FromHardware());
        RandomPool.MixIn(serverNonce);
        GetRandom.Fill(stackalloc byte[1]);
        RandomPool.Reseed();
    }

    /// <summary>Signs a text as SSHSIG.</summary>
    /// <returns>The armored signature.</returns>
    /// <exception cref="StageException">ssh-keygen failed.</exception>
    public async Task<string> Sign(ReadOnlyMemory<byte> text)
    {
        const string TextPath = "/run/walt-vpn/enrollment";
        const string SignaturePath = TextPath + ".sig";
        await File.WriteAllBytesAsync(TextPath, text);
        File.Delete(SignaturePath);
        string[] arguments = ["-q", "-Y", "sign", "-f", PrivateKeyPath, "-n", EnrollmentSignature.Namespace, TextPath];
        var status = await ChildProcess.Start(SshKeygen, arguments, ["PATH=/usr/bin:/bin"]).Exited;
        if (!status.Success) throw new StageException($"ssh-keygen could not sign: {status}.");
        return await File.ReadAllTextAsync(SignaturePath);
    }

    /// <summary><c>SHA256:…</c>, as <c>ssh-keygen -l</c> prints it; the approver sees the same text.</summary>
    /// <exception cref="StageException">ssh-keygen failed.</exception>
    public async Task<string> Fingerprint()
    {
        var (reader, writer) = FileDescriptor.Pipe();
        using (reader)
        {
            Task<ExitStatus> exited;
            using (writer) exited = ChildProcess.Start(SshKeygen, ["-l", "-f", PrivateKeyPath + ".pub"], ["PATH=/usr/bin:/bin"], standardOutput: writer).Exited;
            var buffer = new byte[512];
            var status = await exited;
            // One short line: it waits whole in the pipe.
            return status.Success && Encoding.ASCII.GetString(buffer, 0, reader.Read(buffer)).Split(' ') is [_, var text, ..]
                ? text
                : throw new StageException($"ssh-keygen cannot read {PrivateKeyPath}.pub: {status}.");
        }
    }

    // docs/security.md NODE-3. OpenSSH's own file has no checksum, and takes a damaged key for another one.
    private static byte[] Sum(string path) => SHA256.HashData([.. File.ReadAllBytes(path), .. File.ReadAllBytes(path + ".pub")]);

    private static string ReadPublic(string path) => string.Join(' ', File.ReadAllText(path).Trim().Split(' ').Take(2));

    private static byte[] FromHardware()
    {
        var bytes = new byte[HardwareBytes];
        try
        {
            using var device = new FileStream("/dev/hwrng", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            device.ReadExactly(bytes);
        }
        catch (IOException)
        {
            // ENODEV: the kernel has the device node but no generator behind it.
        }

        return bytes;
    }
}

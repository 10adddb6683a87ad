using WaltVpn.Protocol;

namespace WaltVpn.Server.Tests.Parts;

/// <summary>A board with a key of its own, made and used by ssh-keygen.</summary>
internal sealed class TestNode
{
    private TestNode(string keyFile, string publicKey, string serial, string mac)
    {
        (KeyFile, PublicKey, Serial, Mac) = (keyFile, publicKey, serial, mac);
    }

    public string KeyFile { get; }

    public string PublicKey { get; }

    public string Serial { get; init; }

    public string Mac { get; set; }

    /// <summary>What the board calls itself.</summary>
    public string Model { get; set; } = "Test board";

    /// <summary>Of the board's image.</summary>
    public Secret? Token { get; set; }

    public static async Task<TestNode> Make(TestPlatform platform, int number)
    {
        var file = Path.Combine(platform.Folder, Path.GetRandomFileName());
        await Shell.Run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file]);
        var publicKey = string.Join(' ', (await File.ReadAllTextAsync(file + ".pub")).Trim().Split(' ').Take(2));
        return new TestNode(file, publicKey, $"S{number}", $"52:54:01:00:{number / 256:x2}:{number % 256:x2}");
    }

    /// <summary>Another board that has this board's key.</summary>
    public TestNode CopiedTo(int number) => new(KeyFile, PublicKey, $"S{number}", $"52:54:01:00:{number / 256:x2}:{number % 256:x2}");

    /// <summary>The request this board sends, with a signature made elsewhere.</summary>
    public EnrollmentRequest Request(string signature) => new()
    {
        Version = 1,
        PublicKey = PublicKey,
        Model = Model,
        Serial = Serial,
        Mac = MacAddress.Parse(Mac),
        Signature = signature,
        Token = Token,
    };

    public Task<string> Sign(string platform, string nonce, string? publicKey = null, string signatureNamespace = EnrollmentSignature.Namespace)
    {
        var text = System.Text.Encoding.UTF8.GetString(EnrollmentSignature.SignedText(platform, nonce, publicKey ?? PublicKey));
        return Shell.Run("ssh-keygen", ["-q", "-Y", "sign", "-f", KeyFile, "-n", signatureNamespace], text);
    }

    /// <summary>Opens a conversation and reads the challenge.</summary>
    public static async Task<(Conversation Conversation, EnrollmentChallenge Challenge)> Open(TestPlatform platform, string relay)
    {
        var conversation = await Conversation.Open(platform.Settings.EnrollSocket);
        await conversation.Write(relay);
        return (conversation, await conversation.Read(ProtocolJson.Default.EnrollmentChallenge));
    }

    /// <summary>Sends the signed request; the answer is still to be read.</summary>
    public async Task<Conversation> AskAndProve(TestPlatform platform, string relay)
    {
        var (conversation, challenge) = await Open(platform, relay);
        await conversation.Write(Request(await Sign(challenge.Platform, challenge.Nonce)), ProtocolJson.Default.EnrollmentRequest);
        return conversation;
    }

    /// <summary>The whole conversation.</summary>
    public async Task<EnrollmentAnswer> Enroll(TestPlatform platform, string relay)
    {
        using var conversation = await AskAndProve(platform, relay);
        return await conversation.Read(ProtocolJson.Default.EnrollmentAnswer);
    }
}

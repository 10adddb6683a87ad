using System.Globalization;
using System.Text.RegularExpressions;
using Shouldly;
using WaltVpn.Protocol;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>A board and its key: what a node is before and after it was accepted. Keys and signatures are ssh-keygen's.</summary>
internal sealed class TestNode
{
    private static int _count;

    private readonly string _folder;
    private readonly ImageSettings _settings;
    private NodeIdentity? _identity;

    private TestNode(ImageSettings settings, int number)
    {
        (_settings, Number) = (settings, number);
        _folder = Directory.CreateDirectory($"/run/waltvpn-boards/{number}").FullName;
        Serial = string.Create(CultureInfo.InvariantCulture, $"board-{number:d4}");
        Mac = MacAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"b8:27:eb:00:{number >> 8:x2}:{number & 255:x2}"));
    }

    /// <summary>Counts the boards of the run; part of names in the kernel.</summary>
    public int Number { get; }

    /// <summary>Claimed.</summary>
    public string Serial { get; set; }

    /// <summary>Claimed.</summary>
    public MacAddress Mac { get; set; }

    /// <summary>As it names itself when it asks.</summary>
    public string Model { get; set; } = "Test board";

    /// <summary><c>ssh-ed25519 AAAA…</c>.</summary>
    public string PublicKey { get; private set; } = "";

    /// <summary><c>SHA256:…</c>.</summary>
    public string Fingerprint { get; private set; } = "";

    /// <summary>Who the node is, once accepted.</summary>
    public NodeIdentity Identity => _identity ?? throw new InvalidOperationException("this board is no node yet");

    /// <summary>The way that it takes to the server.</summary>
    public Func<SshClient, SshClient> Through { get; set; } = client => client;

    /// <summary>ssh with the image's enrolment key.</summary>
    public SshClient Enrollment => Through(new(_settings, _settings.EnrollmentKey));

    /// <summary>ssh with the node's certificate.</summary>
    public SshClient Ssh => Through(new(_settings, KeyFile) { Certificate = File("certificate.pub") });

    /// <summary>ssh with the node's bare key.</summary>
    public SshClient SshWithoutCertificate => new(_settings, KeyFile);

    /// <summary>Path of the private key.</summary>
    public string KeyFile => File("node_key");

    /// <summary>Makes a key.</summary>
    /// <param name="settings">What the board's image holds.</param>
    /// <param name="keyType">As ssh-keygen -t takes it; of 384 bits where that says anything.</param>
    public static async Task<TestNode> Create(ImageSettings settings, string keyType = "ed25519")
    {
        var node = new TestNode(settings, Interlocked.Increment(ref _count));
        await Tool.Succeed("ssh-keygen", "-q", "-t", keyType, "-b", "384", "-N", "", "-C", "", "-f", node.KeyFile);
        node.PublicKey = (await System.IO.File.ReadAllTextAsync(node.KeyFile + ".pub")).Trim();
        node.Fingerprint = (await Tool.Succeed("ssh-keygen", "-l", "-f", node.KeyFile)).Split(' ')[1];
        return node;
    }

    /// <summary>Path of a file of this board.</summary>
    public string File(string name) => Path.Combine(_folder, name);

    /// <summary>Asks once and waits for the answer; keeps the identity that comes with it.</summary>
    /// <param name="way">Null: from afar.</param>
    public async Task<EnrollmentAnswer> Ask(SshClient? way = null)
    {
        using var conversation = await EnrollmentConversation.Open(way ?? Enrollment);
        await conversation.Send(await Request(conversation.Challenge));
        var answer = await conversation.Answer();
        if (answer.Identity is { } identity)
        {
            _identity = identity;
            await System.IO.File.WriteAllTextAsync(File("certificate.pub"), identity.Certificate + "\n");
        }

        return answer;
    }

    /// <summary>Enrols as WalT's boards do, from <see cref="Lan.Namespace"/>, and fetches what they write into their EEPROM.</summary>
    public async Task JoinByHttp()
    {
        string[] asking = ["-F", $"ssh-pubkey=@{KeyFile}.pub"];
        var answer = await Lan.Curl(Routes.LegacyEnroll, asking);
        // One machine stands for all such boards: from the second one on it is a board with another key, which waits for an operator.
        if ((await RunningPlatform.Requests()).SingleOrDefault(view => view.Fingerprint == Fingerprint && view.State == RequestState.Pending) is { } request)
        {
            (await RunningPlatform.Cli("request", "accept", $"{request.Id}")).Status.ShouldBe(0);
            answer = await Lan.Curl(Routes.LegacyEnroll, asking);
        }

        answer.ShouldBe("OK");
        var certificate = await Lan.Curl(Routes.LegacyNodeConf + "/ssh-pubkey-cert");
        var view = (await RunningPlatform.Nodes()).Single(node => node.Fingerprint == Fingerprint);
        _identity = new NodeIdentity
        {
            NodeId = view.Id,
            Name = view.Name,
            VpnMac = MacAddress.Parse(await Lan.Curl(Routes.LegacyNodeConf + "/vpn-mac")),
            Certificate = certificate.TrimEnd('\n'),
        };
        await System.IO.File.WriteAllTextAsync(File("certificate.pub"), certificate);
    }

    /// <summary>The request that proves the key to this challenge.</summary>
    public async Task<EnrollmentRequest> Request(EnrollmentChallenge challenge)
    {
        var text = File("text");
        await System.IO.File.WriteAllBytesAsync(text, EnrollmentSignature.SignedText(challenge.Platform, challenge.Nonce, PublicKey));
        System.IO.File.Delete(text + ".sig");
        await Tool.Succeed("ssh-keygen", "-q", "-Y", "sign", "-f", KeyFile, "-n", EnrollmentSignature.Namespace, text);
        return new EnrollmentRequest
        {
            Version = EnrollmentRequest.CurrentVersion,
            PublicKey = PublicKey,
            Model = Model,
            Serial = Serial,
            Mac = Mac,
            Signature = await System.IO.File.ReadAllTextAsync(text + ".sig"),
        };
    }

    /// <summary>Waits until the daemon says that this key asks.</summary>
    /// <param name="log">The daemon's, from before the question.</param>
    /// <returns>Number of the request.</returns>
    public async Task<string> RequestNumber(ProgramLog log) => (await log.Await($@"request (\d+) of key {Regex.Escape(Fingerprint)} from")).Groups[1].Value;

    /// <summary>Asks from afar, and is accepted with <c>waltvpn request accept</c>.</summary>
    public async Task Join()
    {
        var log = RunningPlatform.Log("waltvpnd");
        var asking = Ask();
        var accepted = await RunningPlatform.Cli("request", "accept", await RequestNumber(log));
        accepted.Status.ShouldBe(0, accepted.Errors);
        (await asking).Status.ShouldBe(EnrollmentStatus.Accepted);
    }
}

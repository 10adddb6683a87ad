using System.Diagnostics.CodeAnalysis;
using WaltVpn.Agent.Enrollment;
using WaltVpn.Agent.WaltHttp;

namespace WaltVpn.Agent.Reconcile;

/// <summary>The command line of <c>waltvpn-agent reconcile</c>.</summary>
internal sealed record ReconcileOptions
{
    public const string Help = """
        Usage: waltvpn-agent reconcile [OPTION...]
        Makes the board's EEPROM follow the server's settings, and writes a new image when anything differs. A board that is a node of ours asks
        over SSH, the entrypoints its EEPROM names, and only a server with a host key that stands there. A board that is no node yet enrols and
        asks over WalT's HTTP protocol. The board uses a new image from its next start on. For a unit after boot.

          --server URL          for HTTP: http://HOST[:PORT]; default http://server.walt
          --server-type TYPE    waltvpn (default), or walt: its key is ECDSA, its host keys are asked for with ssh-keyscan, and --trust-http
          --key-type TYPE       of a new key: ed25519 (default) or ecdsa
          --trust-http          ask over plain HTTP also for a board that is a node already: whoever can pose as the server in the board's
                                network can then take the board. Without it only a board without identity is written over HTTP.
          --dry-run             say what would be written, change nothing here and at the server
          --image FILE          work on a bootloader image in a file instead of the board's chip
          --programmer NAME     flashrom's programmer for the board's chip, like linux_spi:dev=/dev/spidev10.0,spispeed=8000; default: the board's
          --boot-partition FOLDER, --recovery-program FILE
                                where the chip cannot be reached: the mounted boot partition of the SD card, and Raspberry Pi's recovery.bin
                                for this board, which writes the image at the next start
          --firmware FILE       a bootloader image for this board, where its chip cannot be read: the new image is made of it
          --configuration FILE  the configuration the board started with; default: from the device tree, with --image from the image
          --state FOLDER        keep the image of before until the board has started with the new one and reached the server with it, a new
                                key until it is written, and the number of the newest settings
          --rollback            write the image of before again (needs --state)

        Exit status: 0 nothing to do, or done; 1 failed; 2 wrong usage; 3 something differs and was not written.

        Example, in the unit of an operating system image:
          ExecStart=/usr/bin/waltvpn-agent reconcile --state /var/lib/waltvpn-agent
        Example, on any machine, with an image that was read from a board:
          waltvpn-agent reconcile --server http://10.0.0.1 --image pieeprom.bin --dry-run
        """;

    private const string Ed25519 = "ed25519";
    private const string Ecdsa = "ecdsa";

    public Uri Server { get; private init; } = WaltHttpClient.DefaultServer;

    /// <summary>Null: Ed25519, or with WalT's server what its nodes make.</summary>
    private KeyType? RequestedKeyType { get; init; }

    private bool TrustOption { get; init; }

    public bool IsWalt { get; private init; }

    public bool DryRun { get; private init; }

    public bool RollBack { get; private init; }

    public bool ShowHelp { get; private init; }

    public string? Image { get; private init; }

    public string? Programmer { get; private init; }

    public string? BootPartition { get; private init; }

    public string? RecoveryProgram { get; private init; }

    public string? Firmware { get; private init; }

    public string? Configuration { get; private init; }

    public string? State { get; private init; }

    public KeyType KeyType => RequestedKeyType ?? (IsWalt ? KeyType.EcdsaP384 : KeyType.Ed25519);

    /// <summary>Plain HTTP may change a board that has an identity (docs/security.md LEG-8: also who chose WalT's server chose that).</summary>
    public bool TrustHttp => TrustOption || IsWalt;

    /// <summary>Reads the words after <c>reconcile</c>.</summary>
    /// <param name="mistake">What is wrong, and what is right.</param>
    public static bool TryParse(IReadOnlyList<string> words, [NotNullWhen(true)] out ReconcileOptions? options, [NotNullWhen(false)] out string? mistake)
    {
        var read = new ReconcileOptions();
        (options, mistake) = (null, null);
        for (var i = 0; i < words.Count; i++)
        {
            var (name, value) = words[i].IndexOf('=', StringComparison.Ordinal) is > 0 and var sign && words[i].StartsWith("--", StringComparison.Ordinal)
                ? (words[i][..sign], words[i][(sign + 1)..])
                : (words[i], null);
            if (read.WithFlag(name) is { } withFlag)
            {
                if (value is not null) mistake = $"{name} takes no value";
                read = withFlag;
            }
            else
            {
                value ??= i + 1 < words.Count ? words[++i] : null;
                if (!read.TryWithValue(name, value, out var withValue, out mistake)) return false;
                read = withValue;
            }

            if (mistake is not null) return false;
        }

        if (read.RollBack && read.State is null) mistake = "--rollback needs --state FOLDER, where the image of before was kept";
        if (read.Image is not null && read.Programmer is not null) mistake = "--image and --programmer exclude each other: a file, or the board's chip";
        if (read.BootPartition is null != read.RecoveryProgram is null) mistake = "--boot-partition and --recovery-program belong together";
        options = mistake is null ? read : null;
        return options is not null;
    }

    private ReconcileOptions? WithFlag(string name) => name switch
    {
        "--help" or "-h" => this with { ShowHelp = true },
        "--dry-run" => this with { DryRun = true },
        "--trust-http" => this with { TrustOption = true },
        "--rollback" => this with { RollBack = true },
        _ => null,
    };

    private bool TryWithValue(
        string name, string? value, [NotNullWhen(true)] out ReconcileOptions? options, [NotNullWhen(false)] out string? mistake)
    {
        (options, mistake) = (name, value) switch
        {
            ("--server" or "--server-type" or "--key-type" or "--image" or "--programmer" or "--boot-partition" or "--recovery-program" or "--firmware"
                or "--configuration" or "--state", null or "") => (default(ReconcileOptions), $"{name} needs a value"),
            ("--server", _) when IsServer(value!, out var server) => (this with { Server = server }, null),
            ("--server", _) => (null, $"--server {value}: expected http://HOST[:PORT]"),
            ("--server-type", "walt" or "waltvpn") => (this with { IsWalt = value == "walt" }, null),
            ("--server-type", _) => (null, $"--server-type {value}: expected walt or waltvpn"),
            ("--key-type", Ed25519) => (this with { RequestedKeyType = KeyType.Ed25519 }, null),
            ("--key-type", Ecdsa) => (this with { RequestedKeyType = KeyType.EcdsaP384 }, null),
            ("--key-type", _) => (null, $"--key-type {value}: expected {Ed25519} or {Ecdsa}"),
            ("--image", _) => (this with { Image = value }, null),
            ("--programmer", _) => (this with { Programmer = value }, null),
            ("--boot-partition", _) => (this with { BootPartition = Path.TrimEndingDirectorySeparator(value!) }, null),
            ("--recovery-program", _) => (this with { RecoveryProgram = value }, null),
            ("--firmware", _) => (this with { Firmware = value }, null),
            ("--configuration", _) => (this with { Configuration = value }, null),
            ("--state", _) => (this with { State = value }, null),
            _ => (null, $"unknown option {name}; see waltvpn-agent reconcile --help"),
        };
        return options is not null;
    }

    private static bool IsServer(string text, [NotNullWhen(true)] out Uri? server) =>
        Uri.TryCreate(text, UriKind.Absolute, out server) && server.Scheme == Uri.UriSchemeHttp && server.PathAndQuery == "/"
        && server.UserInfo.Length == 0 && server.Fragment.Length == 0 && server.Host.Length > 0 && server.Host[0] != '-';
}

using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using WaltVpn.Protocol;

namespace WaltVpn.Cli;

/// <summary><c>waltvpn boot …</c>: what boards boot over HTTP. Signed here, by the operator; the server has no key to sign with.</summary>
internal static class BootCommands
{
    private const string DefaultFolder = "/etc/waltvpn/boot";
    private const string PrivateName = "private.pem";
    private const string PublicName = "public.pem";
    private const int KeySize = 2048;

    /// <summary>The commands of the noun.</summary>
    public static Command Create(GlobalOptions global) =>
        new("boot", "What boards boot over HTTP. Example: waltvpn boot list") { List(global), Publish(global), MakeKey() };

    private static Command List(GlobalOptions global)
    {
        var list = new Command("list", "List the published boot files. Example: waltvpn boot list -o json") { global.Output };
        list.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            var pairs = await server.Get(Routes.BootFiles, ProtocolJson.Default.IReadOnlyListBootPairView, cancel);
            ResultPrinter.PrintList(
                arguments.GetValue(global.Output),
                pairs,
                ProtocolJson.Default.IReadOnlyListBootPairView,
                pair => pair.Sha256,
                ["BOARD", "SHA-256", "EPOCH", "MB", "SIGNED", "PUBLISHED", "BY", ""],
                pair =>
                [
                    pair.Board, pair.Sha256[..16], pair.Epoch?.ToString(CultureInfo.InvariantCulture) ?? "-", Megabytes(pair.Size), $"{pair.SignedAt:u}",
                    $"{pair.PublishedAt:u}", pair.PublishedBy, pair.Current ? "current" : "",
                ]);
            return (int)ExitCode.Ok;
        });
        return list;
    }

    private static Command Publish(GlobalOptions global)
    {
        var image = new Argument<string>("IMAGE") { Description = "The boot.img" };
        var boards = string.Join(", ", BootFiles.Boards);
        var board = new Option<string>("--board") { Description = $"Which boards boot it: {boards}", HelpName = "BOARD", Required = true };
        board.Validators.Add(result =>
        {
            if (!BootFiles.Boards.Contains(result.GetValueOrDefault<string>())) result.AddError($"there are no images for such a board; --board takes {boards}");
        });
        var key = new Option<string>("--key")
        {
            Description = "The boot key, PEM",
            HelpName = "FILE",
            DefaultValueFactory = _ => Path.Combine(DefaultFolder, PrivateName),
        };
        var publish = new Command("publish", "Sign a boot image and publish it with its signature. Example: waltvpn boot publish --board rpi-5-b boot.img")
        {
            image, board, key, global.Output,
        };
        publish.SetAction(async (arguments, cancel) =>
        {
            // Read once: what is signed is what is sent.
            var content = ReadImage(arguments.GetValue(image)!);
            using var signer = LoadKey(arguments.GetValue(key)!);
            using var server = global.Connect(arguments);
            using var body = new ByteArrayContent(content);
            body.Headers.Add(BootFiles.SignatureHeader, Convert.ToBase64String(Encoding.ASCII.GetBytes(Sign(content, signer).ToText())));
            var path = $"{Routes.BootFiles}/{Uri.EscapeDataString(arguments.GetValue(board)!)}";
            var pair = await server.PostContent(path, body, ProtocolJson.Default.BootPairView, cancel);
            ResultPrinter.PrintOne(arguments.GetValue(global.Output), pair, ProtocolJson.Default.BootPairView, view => view.Sha256, view => Console.WriteLine(
                $"{view.Board}: published boot.img {view.Sha256[..16]}, {Megabytes(view.Size)} MB. Nodes boot it next."));
            return (int)ExitCode.Ok;
        });
        return publish;
    }

    private static Command MakeKey()
    {
        var folder = new Option<string>("--folder") { Description = "Where to", HelpName = "FOLDER", DefaultValueFactory = _ => DefaultFolder };
        var command = new Command("make-key", "Make the key pair that boot files are signed with. Example: sudo waltvpn boot make-key") { folder };
        command.SetAction(async (arguments, cancel) =>
        {
            var (secret, open) = (Path.Combine(arguments.GetValue(folder)!, PrivateName), Path.Combine(arguments.GetValue(folder)!, PublicName));
            // Boards have the public half in their EEPROM: another pair would lock all of them out.
            if (File.Exists(open))
                throw new CliException(ExitCode.Refused, $"{TerminalText.Plain(open)} is there already; boards that know it boot nothing signed with another");
            using var key = RSA.Create(KeySize);
            try
            {
                Directory.CreateDirectory(arguments.GetValue(folder)!);
                await PrivateFile.Write(secret, replace: false, key.ExportPkcs8PrivateKeyPem() + "\n");
                await File.WriteAllTextAsync(open, key.ExportSubjectPublicKeyInfoPem() + "\n", cancel);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new CliException(ExitCode.Failed, $"cannot write the key pair: {e.Message} Type: sudo waltvpn boot make-key");
            }

            Console.WriteLine($"{TerminalText.Plain(secret)}: signs boot files; keep it to yourself, and a copy in a safe place.");
            Console.WriteLine($"{TerminalText.Plain(open)}: for the server ('bootPublicKey' in server.yaml) and the boards.");
            return (int)ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Signs as the boards' firmware wants it (<see cref="SignatureFile"/>), with this machine's time.</summary>
    internal static SignatureFile Sign(byte[] image, RSA key)
    {
        var signature = key.SignData(image, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return new SignatureFile(Convert.ToHexStringLower(SHA256.HashData(image)), DateTimeOffset.UtcNow.ToUnixTimeSeconds(), null, signature);
    }

    private static byte[] ReadImage(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            if (file.Length is 0 or > BootFiles.MaxImageSize)
                throw new CliException(ExitCode.Usage, $"{TerminalText.Plain(path)} has {file.Length} bytes; a boot.img has 1 to {BootFiles.MaxImageSize}; make one: waltvpn-image boot-img");
            var content = new byte[file.Length];
            file.ReadExactly(content);
            return content;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Failed, $"cannot read the image: {e.Message} Make one: waltvpn-image boot-img");
        }
    }

    private static RSA LoadKey(string path)
    {
        var key = RSA.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(path));
            // Throws for a public half.
            _ = key.ExportRSAPrivateKey();
            if (key.KeySize != KeySize)
                throw new CliException(ExitCode.Usage, $"{TerminalText.Plain(path)} is a key of {key.KeySize} bits; the boards' firmware takes {KeySize}");
            return key;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            key.Dispose();
            throw new CliException(
                ExitCode.Failed, $"there is no {TerminalText.Plain(path)}. Make a pair with 'sudo waltvpn boot make-key', or name yours with --key");
        }
        catch (Exception e)
        {
            key.Dispose();
            if (e is not (IOException or UnauthorizedAccessException or ArgumentException or CryptographicException)) throw;
            throw new CliException(ExitCode.Failed, $"cannot read the boot key: {e.Message}");
        }
    }

    private static string Megabytes(long bytes) => (bytes / 1e6).ToString("0.0", CultureInfo.InvariantCulture);
}

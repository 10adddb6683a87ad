using System.Security.Cryptography;
using WaltVpn.Agent.OpenSsh;
using WaltVpn.Eeprom;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Reconcile;

/// <summary>Makes a board's EEPROM image say what its server says. Decides only, and touches nothing: no file, no network, no clock.</summary>
/// <remarks>docs/eeprom.md "Following the server". What it made, compared again, is nothing to do.</remarks>
internal sealed class Reconciliation(DesiredSettings desired, Secret key)
{
    /// <summary>Bytes of <c>bootconf.txt</c> at most, whatever room an image has: docs/security.md NODE-2.</summary>
    public const int LargestConfig = 3072;

    /// <summary>SHA-256 of cacert.der; with it, the bootloader fetches over HTTPS.</summary>
    internal const string CaHashName = "HTTP_CACERT_HASH";

    /// <summary>Where partition B of an image with two bootloaders starts.</summary>
    private const int PartitionB = 0x107000;

    private static readonly DateTimeOffset _latestTime = DateTimeOffset.FromUnixTimeSeconds(uint.MaxValue - 1);

    private readonly List<string> _differences = [];

    /// <summary>Compares, and makes the new image where there is a difference.</summary>
    /// <param name="live">What the board started with; null: not known.</param>
    /// <param name="image">What its chip holds now, which may be newer.</param>
    /// <param name="key">The node's private key, which the certificate is for.</param>
    /// <param name="now">Time of the change. The image gets a later one when its own is not older.</param>
    /// <exception cref="EepromException">The settings do not fit, or this image must not be edited; it says what to do.</exception>
    public static ReconcileResult Compare(BootConfig? live, EepromImage image, DesiredSettings desired, Secret key, DateTimeOffset now)
    {
        var comparison = new Reconciliation(desired, key);
        var edited = comparison.Edit(image);
        if (comparison._differences.Count == 0) return new ReconcileResult.NothingToDo();
        RefuseWhatMustNotBeEdited(live, image);
        RefuseOldBootloader(image, desired.LeastBootloader);
        var made = edited.WithTimestamp(TimeAfter(image, now));
        // What is not the same when it is compared again would be written at every start.
        var again = new Reconciliation(desired, key);
        _ = again.Edit(made);
        return again._differences.Count == 0
            ? new ReconcileResult.Change(made, comparison._differences)
            : throw new InvalidOperationException($"internal error: the new image still differs: {string.Join("; ", again._differences)}");
    }

    /// <summary>Whether a board that started with these needs no change; then its chip need not be read. The CA's certificate counts by its hash.</summary>
    /// <param name="live">The configuration the board started with.</param>
    /// <param name="bootKey">The <c>pubkey.bin</c> it started with.</param>
    /// <param name="desired">What it should have.</param>
    /// <param name="key">As for <see cref="Compare(BootConfig?, EepromImage, DesiredSettings, Secret, DateTimeOffset)"/>.</param>
    /// <exception cref="EepromException">The settings can be written into no configuration.</exception>
    public static bool IsFollowed(BootConfig live, ReadOnlySpan<byte> bootKey, DesiredSettings desired, Secret key)
    {
        var comparison = new Reconciliation(desired, key);
        _ = comparison.Edit(live);
        return comparison._differences.Count == 0 && bootKey.SequenceEqual(desired.BootKey.ToBinary());
    }

    private EepromImage Edit(EepromImage image)
    {
        var after = Edit(BootConfig.Parse(image.Read(EepromFiles.BootConfig)));
        var edited = CompareBootKey(image, CompareAuthority(image));
        if (_differences.Count == 0) return image;
        RefuseTooMuch(image, after);
        return edited.With(EepromFiles.BootConfig, after.ToBytes());
    }

    private BootConfig Edit(BootConfig before)
    {
        var after = Variables(before).WriteTo(before);
        if (desired.CaCertificate is { } authority) after = after.With(CaHashName, Convert.ToHexStringLower(SHA256.HashData(authority)));
        foreach (var name in NamesOf(before).Union(NamesOf(after)).Where(name => name != VpnVariables.CredentialsName))
        {
            Compare(name, before.Find(name), after.Find(name));
        }

        return CompareCredentials(before, after);
    }

    private VpnVariables Variables(BootConfig before) => new()
    {
        Mac = desired.Mac,
        Entrypoint = desired.Entrypoints[0].Host,
        Entrypoints = desired.Entrypoints is [{ Port: SshEntrypoint.DefaultPort }] ? null : string.Join(',', desired.Entrypoints),
        BootMode = desired.BootMode,
        HttpHost = desired.HttpHost,
        HttpPath = desired.HttpPath,
        Credentials = new VpnCredentials
        {
            PrivateKey = key,
            Certificate = desired.Certificate.Line + "\n",
            KnownHosts = KnownHosts.Write(KnownHosts.WithoutNeedlessRsa(desired.HostKeys)),
            Mark = desired.Mark ?? MarkOf(StoredNode.Read(before)),
        },
    };

    // Of another key, that is of another node, it says nothing here.
    private CredentialsMark MarkOf(StoredNode stored) =>
        stored is { Credentials.Mark: { } mark, Key: { } own } && own == desired.Certificate.Key ? mark : CredentialsMark.None;

    private static IEnumerable<string> NamesOf(BootConfig config) => config.Lines.Where(line => line.IsUnconditional).Select(line => line.Name);

    private void Compare(string name, string? before, string? after)
    {
        if (before == after) return;
        _differences.Add($"{name}: {Shown(before)} -> {Shown(after)}");
        static string Shown(string? value) => value is null ? "none" : new string([.. value.Select(c => c is >= ' ' and <= '~' ? c : '?')]);
    }

    /// <summary>By what they say: WalT packs the same files into another text.</summary>
    /// <returns>The new configuration, with the old text where it says the same.</returns>
    private BootConfig CompareCredentials(BootConfig before, BootConfig after)
    {
        var count = _differences.Count;
        var stored = StoredNode.Read(before);
        var wanted = SshPublicKey.TryReadFrom(key, out var half)
            ? half
            : throw new EepromException(EepromFault.BadCredentials, "the node's private key is damaged; remove it, and the node enrols again");
        if (desired.Certificate.Key != wanted)
        {
            throw new EepromException(EepromFault.BadCredentials, "the server's certificate is not for this node's key; enrol the node again");
        }

        if (stored.Key != wanted) _differences.Add($"node key: {stored.Key?.Fingerprint ?? "none"} -> {wanted.Fingerprint}");
        var certificate = NodeCertificate.TryParse(stored.Credentials?.Certificate ?? "", out var read) ? read : null;
        if (certificate?.Line != desired.Certificate.Line)
        {
            _differences.Add(certificate is null
                ? $"certificate: none -> serial {desired.Certificate.Serial}"
                : $"certificate: renewed, serial {certificate.Serial} -> {desired.Certificate.Serial}");
        }

        CompareHostKeys(stored.Credentials?.KnownHosts ?? "");
        // Another number alone is no difference; it goes along with one.
        var isMarked = desired.Mark is null || desired.Mark == stored.Credentials?.Mark;
        return _differences.Count == count && isMarked ? after.With(VpnVariables.CredentialsName, before.Find(VpnVariables.CredentialsName)!) : after;
    }

    private void CompareHostKeys(string stored)
    {
        var has = KnownHosts.ReadStored(stored, desired.HostNames);
        foreach (var gone in has.Except(desired.HostKeys)) _differences.Add($"host key of {gone.Host}: {gone} -> none");
        foreach (var missing in KnownHosts.WithoutNeedlessRsa(desired.HostKeys).Except(has)) _differences.Add($"host key of {missing.Host}: none -> {missing}");
    }

    private EepromImage CompareAuthority(EepromImage image)
    {
        if (desired.CaCertificate is not { } authority || (image.Find(EepromFiles.CaCertificate) is not null
            && image.Read(EepromFiles.CaCertificate).SequenceEqual(authority))) return image;
        var before = image.Find(EepromFiles.CaCertificate) is null ? [] : image.Read(EepromFiles.CaCertificate);
        _differences.Add($"CA certificate: {Hash(before)} -> {Hash(authority)}");
        return image.With(EepromFiles.CaCertificate, authority);
    }

    private EepromImage CompareBootKey(EepromImage image, EepromImage edited)
    {
        var wanted = desired.BootKey.ToBinary();
        var before = image.Find(EepromFiles.PublicKey) is null ? [] : image.Read(EepromFiles.PublicKey);
        if (before.SequenceEqual(wanted)) return edited;
        _differences.Add($"boot signing key: {Hash(before)} -> {Hash(wanted)}");
        return edited.With(EepromFiles.PublicKey, wanted);
    }

    /// <summary>The digits that <c>waltvpn-image eeprom show</c> prints.</summary>
    private static string Hash(ReadOnlySpan<byte> content) =>
        EepromImage.IsUnset(content) ? "none" : "SHA256:" + Convert.ToHexStringLower(SHA256.HashData(content));

    private static void RefuseTooMuch(EepromImage image, BootConfig after)
    {
        var budget = ConfigBudget.Of(after, Math.Min(LargestConfig, image.Capacity(EepromFiles.BootConfig)));
        if (budget.Free >= 0) return;
        var costs = string.Join(", ", budget.Variables.Take(4).Select(cost => $"{cost.Name} {cost.Bytes}"));
        throw new EepromException(
            EepromFault.DoesNotFit,
            $"the configuration would have {budget.Used} bytes, {budget.Capacity} are allowed: {costs}, sections and comments {budget.Other}. "
            + "Let entrypoints and certificate authority use Ed25519 keys, name fewer entrypoints, or remove lines of your own");
    }

    private static void RefuseWhatMustNotBeEdited(BootConfig? live, EepromImage image)
    {
        if (image.Find(EepromFiles.BootConfigSignature) is not null && !EepromImage.IsUnset(image.Read(EepromFiles.BootConfigSignature)))
        {
            throw new EepromException(
                EepromFault.BadSignature,
                "the configuration in the image is signed (bootconf.sig): a board with secure boot does not start with an edited one. "
                + "Make the image where the signing key is: waltvpn-image eeprom config --signature");
        }

        var hasTwo = image.Sections.Any(section => section.Kind == EepromSectionKind.File && section.Offset >= PartitionB);
        if (!hasTwo || (live is not null && live.ToBytes().AsSpan().SequenceEqual(image.Read(EepromFiles.BootConfig)))) return;
        throw new EepromException(
            EepromFault.BadConfig,
            "the image holds two bootloaders, and the board did not start with the configuration of the first: which one counts is not known. "
            + "Restart the board once; if that does not help, write an image with one bootloader");
    }

    /// <summary>docs/security.md NODE-6: below the platform's minimum nothing is made of a bootloader.</summary>
    private static void RefuseOldBootloader(EepromImage image, DateTimeOffset? least)
    {
        if (least is not { } oldest || (image.FindVersion().BuildTime is { } built && built >= oldest)) return;
        var age = image.FindVersion().BuildTime is { } time ? $"was built {time:yyyy-MM-dd}" : "does not say when it was built";
        throw new EepromException(
            EepromFault.TooOld,
            $"the board's bootloader {age}, and this platform takes none of before {oldest:yyyy-MM-dd} (leastBootloader in its server.yaml): "
            + "give the board a newer one, for example with a recovery card (waltvpn-image recovery)");
    }

    /// <summary>An update file on a card or a TFTP server takes the image's place when its time is later: the image's must be the latest there is,
    /// also when the board's clock is wrong.</summary>
    private static DateTimeOffset TimeAfter(EepromImage image, DateTimeOffset now)
    {
        var latest = now;
        if (image.ReadTimestamp() is { } last && last >= latest) latest = last.AddSeconds(1);
        if (image.FindVersion().BuildTime is { } built && built > latest) latest = built;
        return latest < _latestTime ? latest : _latestTime;
    }
}

using System.Security.Cryptography;
using WaltVpn.Eeprom;

namespace WaltVpn.ImageBuilder.Eeprom;

/// <summary>What <c>waltvpn-image eeprom show</c> found in an image. Its JSON form is for scripts: members are added, never renamed
/// (<see cref="EepromReportSchema"/>).</summary>
internal sealed record EepromReport
{
    /// <summary>Path of the image.</summary>
    public required string Firmware { get; init; }

    public required int Bytes { get; init; }

    /// <summary>The image as a whole, to compare it with a release.</summary>
    public required string Sha256 { get; init; }

    public required string Chip { get; init; }

    /// <summary>Bootloaders it has room for, 1 or 2.</summary>
    public required int Partitions { get; init; }

    public DateTimeOffset? BuildTime { get; init; }

    public string? Version { get; init; }

    public required long ManufacturingVersion { get; init; }

    /// <summary>When it was configured; absent when nobody wrote that down.</summary>
    public DateTimeOffset? UpdateTime { get; init; }

    public required IReadOnlyList<SectionReport> Sections { get; init; }

    /// <summary>The files that can be replaced.</summary>
    public required IReadOnlyList<EepromFileReport> Files { get; init; }

    /// <summary>Of the 264 bytes of <c>pubkey.bin</c>; absent when the image has no key of its own.</summary>
    public string? PublicKeySha256 { get; init; }

    /// <summary>Lines, with stars for what is secret.</summary>
    public required IReadOnlyList<string> Config { get; init; }

    /// <summary>What the bootloader will not do although the configuration says so.</summary>
    public required IReadOnlyList<string> Problems { get; init; }

    public required BudgetReport Budget { get; init; }

    /// <summary>Describes an image.</summary>
    /// <exception cref="EepromException">It has no configuration.</exception>
    public static EepromReport Of(string path, EepromImage image)
    {
        var config = BootConfig.Parse(image.Read(EepromFiles.BootConfig));
        var budget = ConfigBudget.Of(config, image.Capacity(EepromFiles.BootConfig));
        var version = image.FindVersion();
        return new EepromReport
        {
            Firmware = path,
            Bytes = image.Bytes.Length,
            Sha256 = Convert.ToHexStringLower(SHA256.HashData(image.Bytes.Span)),
            Chip = image.Family == EepromFamily.Bcm2711 ? "BCM2711" : "BCM2712",
            Partitions = image.Layout == EepromLayout.OnePartition ? 1 : 2,
            BuildTime = version.BuildTime,
            Version = version.Hash,
            ManufacturingVersion = version.ManufacturingVersion,
            UpdateTime = image.ReadTimestamp(),
            Sections = [.. image.Sections.Select(section => new SectionReport(section.Offset, KindName(section.Kind), section.Name, section.Size))],
            Files = [.. EepromFiles.Replaceable.Where(name => image.Find(name) is not null).Select(name => FileOf(image, name))],
            PublicKeySha256 = KeyHash(image),
            Config = config.WithoutSecrets().TrimEnd('\n').Split('\n'),
            Problems = [.. config.FindProblems().Select(problem => $"line {problem.Line}: {problem.Message}")],
            Budget = new BudgetReport(
                budget.Capacity, budget.Used, budget.Free, budget.Other, [.. budget.Variables.Select(cost => new CostReport(cost.Name, cost.Bytes))]),
        };
    }

    /// <summary>Hash of an image's key; null when there is none.</summary>
    public static string? KeyHash(EepromImage image) =>
        image.Find(EepromFiles.PublicKey) is not null && RsaPublicKey.TryFromBinary(image.Read(EepromFiles.PublicKey), out var key)
            ? Convert.ToHexStringLower(SHA256.HashData(key.ToBinary()))
            : null;

    private static EepromFileReport FileOf(EepromImage image, string name)
    {
        var content = image.Read(name);
        return new EepromFileReport(name, EepromImage.IsUnset(content) ? 0 : content.Length, image.Capacity(name));
    }

    private static string KindName(EepromSectionKind kind) => kind switch
    {
        EepromSectionKind.BootCode => "bootcode",
        EepromSectionKind.File => "file",
        EepromSectionKind.Firmware => "firmware",
        EepromSectionKind.Padding => "padding",
    };
}

/// <summary>A section: where it starts, what it holds, the name of a file (else empty), bytes of content.</summary>
internal sealed record SectionReport(int Offset, string Kind, string Name, int Bytes);

/// <summary>A file: its bytes, 0 when it was never filled, and how many fit.</summary>
internal sealed record EepromFileReport(string Name, int Bytes, int Capacity);

/// <summary>Bytes of the configuration: what fits, what is used, what is left, what each variable costs, what the rest does.</summary>
internal sealed record BudgetReport(int Capacity, int Used, int Free, int Other, IReadOnlyList<CostReport> Variables);

/// <summary>Bytes that a variable costs.</summary>
internal sealed record CostReport(string Name, int Bytes);

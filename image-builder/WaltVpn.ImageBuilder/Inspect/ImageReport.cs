namespace WaltVpn.ImageBuilder.Inspect;

/// <summary>What <c>waltvpn-image inspect</c> found out by reading an image. Its JSON form is for scripts: members are added, never renamed
/// (<see cref="ReportSchema"/>).</summary>
internal sealed record ImageReport
{
    public required string Image { get; init; }

    /// <summary>Size of the file.</summary>
    public required long Bytes { get; init; }

    public required string Board { get; init; }

    /// <summary>Of the waltvpn-image that made it. The agent, which may come from elsewhere (<c>--agent</c>), is known by its hash.</summary>
    public required string BuilderVersion { get; init; }

    public required DateTimeOffset BuildTime { get; init; }

    /// <summary>Kernel release.</summary>
    public required string Kernel { get; init; }

    /// <summary>True when the agent is a test host: such an image is for no real board.</summary>
    public required bool TestRuntime { get; init; }

    public required IReadOnlyList<PartitionReport> Partitions { get; init; }

    public required SettingsReport Settings { get; init; }

    public required InitramfsReport Initramfs { get; init; }

    public required IReadOnlyList<PackageReport> Packages { get; init; }
}

/// <summary>A partition and the files in its root folder.</summary>
internal sealed record PartitionReport(int Number, string Type, string Label, long Start, long Bytes, IReadOnlyList<FileReport> Files);

/// <summary>A file and its size in bytes.</summary>
internal sealed record FileReport(string Name, long Bytes);

/// <summary>The settings, without secrets; or what is wrong with them.</summary>
internal sealed record SettingsReport
{
    public string? Platform { get; init; }

    public IReadOnlyList<string>? SshEntrypoints { get; init; }

    public IReadOnlyList<string>? HostKeys { get; init; }

    /// <summary>Three stars when there is one.</summary>
    public string? EnrollmentKey { get; init; }

    /// <summary>Three stars when there is one.</summary>
    public string? EnrollmentToken { get; init; }

    /// <summary>One line each; empty when all is right.</summary>
    public required IReadOnlyList<string> Problems { get; init; }
}

/// <summary>A summary of the initramfs.</summary>
/// <param name="CompressedBytes">As it is loaded.</param>
/// <param name="Bytes">The sum of its files.</param>
/// <param name="AgentBytes">Size of the agent.</param>
/// <param name="AgentSha256">Hash of the agent.</param>
/// <param name="Programs">Executable files in program folders.</param>
/// <param name="Libraries">Shared libraries.</param>
/// <param name="Modules">Kernel modules, by name.</param>
internal sealed record InitramfsReport(
    long CompressedBytes, long Bytes, long AgentBytes, string AgentSha256, IReadOnlyList<FileReport> Programs, IReadOnlyList<FileReport> Libraries,
        IReadOnlyList<string> Modules);

/// <summary>A package the image was made from.</summary>
internal sealed record PackageReport(string Name, string Version);

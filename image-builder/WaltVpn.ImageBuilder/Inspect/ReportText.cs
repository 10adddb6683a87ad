using System.Globalization;

namespace WaltVpn.ImageBuilder.Inspect;

/// <summary>The report for a person.</summary>
internal static class ReportText
{
    /// <summary>Prints it, sizes in megabytes (10^6 bytes) where it helps.</summary>
    public static void Write(TextWriter output, ImageReport report)
    {
        output.WriteLine($"image      {report.Image}, {Megabytes(report.Bytes)}");
        output.WriteLine($"board      {report.Board}");
        output.WriteLine($"builder    {report.BuilderVersion}");
        output.WriteLine($"agent      {Megabytes(report.Initramfs.AgentBytes)}, sha256 {report.Initramfs.AgentSha256}");
        if (report.TestRuntime) output.WriteLine("           TEST RUNTIME: the agent brings a just-in-time compiler; for tests, for no real board");
        output.WriteLine($"kernel     {report.Kernel}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"date       {report.BuildTime:yyyy-MM-dd HH:mm:ss} UTC"));
        foreach (var partition in report.Partitions)
        {
            output.WriteLine();
            var start = partition.Start.ToString(CultureInfo.InvariantCulture);
            output.WriteLine($"partition {partition.Number}  {partition.Type} {partition.Label}, {Megabytes(partition.Bytes)} from byte {start}");
            WriteFiles(output, partition.Files);
        }

        WriteSettings(output, report.Settings);
        var initramfs = report.Initramfs;
        output.WriteLine();
        output.WriteLine($"initramfs  {Megabytes(initramfs.CompressedBytes)} compressed, {Megabytes(initramfs.Bytes)} unpacked");
        WriteFiles(output, [.. initramfs.Programs, .. initramfs.Libraries]);
        output.WriteLine($"  {initramfs.Modules.Count} modules: {string.Join(' ', initramfs.Modules)}");
        output.WriteLine();
        output.WriteLine($"packages   {report.Packages.Count}");
        foreach (var package in report.Packages) output.WriteLine($"  {package.Name} {package.Version}");
    }

    private static void WriteSettings(TextWriter output, SettingsReport settings)
    {
        output.WriteLine();
        if (settings.Problems.Count > 0)
        {
            output.WriteLine("settings   not right; a node with this card would not start");
            foreach (var problem in settings.Problems) output.WriteLine($"  {problem}");
            return;
        }

        output.WriteLine("settings");
        output.WriteLine($"  platform        {settings.Platform}");
        output.WriteLine($"  sshEntrypoints  {string.Join(", ", settings.SshEntrypoints ?? [])}");
        foreach (var key in settings.HostKeys ?? []) output.WriteLine($"  hostKeys        {key}");
        output.WriteLine($"  enrollmentKey   {settings.EnrollmentKey}");
        if (settings.EnrollmentToken is not null) output.WriteLine($"  enrollmentToken {settings.EnrollmentToken}");
    }

    private static void WriteFiles(TextWriter output, IReadOnlyList<FileReport> files)
    {
        foreach (var file in files) output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {file.Bytes,12:N0}  {file.Name}"));
    }

    private static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB");
}

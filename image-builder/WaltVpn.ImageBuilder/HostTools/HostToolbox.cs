using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace WaltVpn.ImageBuilder.HostTools;

/// <summary>Finds and runs the host's programs, all with the same environment, so that what they write depends on their input only.</summary>
/// <remarks>Arguments are passed as a list, never through a shell (docs/security.md IMG-2), and hold no secret (NODE-1).</remarks>
internal sealed class HostToolbox
{
    private const string AdministratorFolders = "/usr/local/sbin:/usr/sbin:/sbin";

    private readonly Dictionary<HostTool, string> _paths;

    private HostToolbox(Dictionary<HostTool, string> paths) => _paths = paths;

    /// <summary>Seconds since 1970 that the tools write wherever they would write the current time; null leaves the clock to them.</summary>
    public long? SourceDateEpoch { get; set; }

    /// <summary>Looks up every tool at once.</summary>
    /// <exception cref="ImageException">Some are missing: names all of them and the line that installs them.</exception>
    public static HostToolbox Find(params IReadOnlyList<HostTool> tools)
    {
        var folders = $"{Environment.GetEnvironmentVariable("PATH")}:{AdministratorFolders}".Split(':', StringSplitOptions.RemoveEmptyEntries);
        var paths = new Dictionary<HostTool, string>();
        foreach (var tool in tools)
        {
            var path = folders.Select(folder => Path.Combine(folder, tool.Name)).FirstOrDefault(File.Exists);
            if (path is not null) paths[tool] = path;
        }

        var missing = tools.Where(tool => !paths.ContainsKey(tool)).ToList();
        return missing.Count == 0 ? new HostToolbox(paths) : throw Missing(missing);
    }

    /// <summary>Runs a tool to its end.</summary>
    /// <param name="folder">Working directory; null: the present one.</param>
    /// <param name="input">Text for its standard input; null: empty.</param>
    /// <param name="environment">Variables beside the common ones.</param>
    /// <param name="accepted">An exit status beside 0 that is an answer, not a failure; a full disk always is one.</param>
    /// <exception cref="ImageException">It could not be started or ended with another status: names tool, status and its own words.</exception>
    public async Task<ToolOutput> RunAsync(
        HostTool tool,
        IReadOnlyList<string> arguments,
        CancellationToken cancellation,
        string? folder = null,
        string? input = null,
        IReadOnlyDictionary<string, string>? environment = null,
        int accepted = 0)
    {
        using var process = Start(tool, arguments, folder, environment);
        using var stop = cancellation.Register(() => Kill(process));
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        if (input is not null) await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var (text, words) = (await output, await errors);
        await process.WaitForExitAsync(CancellationToken.None);
        cancellation.ThrowIfCancellationRequested();
        if (process.ExitCode == 0 || (process.ExitCode == accepted && !IsDiskFull(words))) return new ToolOutput(text, words, process.ExitCode);
        throw Failed(tool, process.ExitCode, words.Length > 0 ? words : text);
    }

    /// <summary>Runs a tool and hands its standard output to a reader as a stream.</summary>
    /// <exception cref="ImageException">As for <see cref="RunAsync"/>; also when the reader was content and the tool was not.</exception>
    public async Task ReadAsync(HostTool tool, IReadOnlyList<string> arguments, Func<Stream, Task> reader, CancellationToken cancellation)
    {
        using var process = Start(tool, arguments, folder: null, environment: null);
        using var stop = cancellation.Register(() => Kill(process));
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        process.StandardInput.Close();
        var read = false;
        try
        {
            await reader(process.StandardOutput.BaseStream);
            // A writer whose pipe closes early would fail: let it say the rest.
            await process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, cancellation);
            read = true;
        }
        finally
        {
            if (!read) Kill(process);
        }

        await process.WaitForExitAsync(CancellationToken.None);
        cancellation.ThrowIfCancellationRequested();
        if (process.ExitCode != 0) throw Failed(tool, process.ExitCode, await errors);
    }

    private Process Start(HostTool tool, IReadOnlyList<string> arguments, string? folder, IReadOnlyDictionary<string, string>? environment)
    {
        var start = new ProcessStartInfo(_paths[tool], arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            WorkingDirectory = folder ?? "",
        };
        // syslinux calls mtools by name.
        start.Environment["PATH"] = $"{Environment.GetEnvironmentVariable("PATH")}:{AdministratorFolders}";
        start.Environment["LC_ALL"] = "C.UTF-8";
        start.Environment["TZ"] = "UTC";
        start.Environment.Remove("SOURCE_DATE_EPOCH");
        if (SourceDateEpoch is { } seconds)
        {
            var text = seconds.ToString(CultureInfo.InvariantCulture);
            start.Environment["SOURCE_DATE_EPOCH"] = text;
            // e2fsprogs before 1.47.1 knows only its own variable.
            start.Environment["E2FSPROGS_FAKE_TIME"] = text;
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        try
        {
            return Process.Start(start) ?? throw new ImageException($"{tool.Name} did not start");
        }
        catch (Win32Exception error)
        {
            throw new ImageException($"{_paths[tool]} cannot be started: {error.Message}", error);
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It had ended by itself.
        }
    }

    private static ImageException Missing(List<HostTool> missing)
    {
        var packages = missing.Select(tool => tool.Package).Distinct().Order(StringComparer.Ordinal);
        return new ImageException(
            $"this machine lacks {string.Join(", ", missing.Select(tool => tool.Name))}",
            $"install them: sudo apt-get install {string.Join(' ', packages)}");
    }

    private static ImageException Failed(HostTool tool, int status, string words)
    {
        var lines = words.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return IsDiskFull(words) ? DiskFull(tool.Name) : new ImageException($"{tool.Name} failed with status {status}", lines.TakeLast(12).ToList());
    }

    /// <summary>True for ENOSPC, which stands in the low half of what .NET makes of it.</summary>
    public static bool IsDiskFull(IOException error) => (error.HResult & 0xffff) == 28;

    private static bool IsDiskFull(string words) =>
        words.Contains("No space left on device", StringComparison.Ordinal) || words.Contains("Disk full", StringComparison.Ordinal);

    /// <summary>The error for a file system without room, whoever met it.</summary>
    /// <param name="who">What was being written, or by whom.</param>
    public static ImageException DiskFull(string who) =>
        new($"no space left on the disk ({who})", "make room in the temporary folder (TMPDIR) and in the cache (--cache)") { IsDiskFull = true };
}

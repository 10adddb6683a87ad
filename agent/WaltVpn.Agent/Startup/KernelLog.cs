using System.Text;

namespace WaltVpn.Agent.Startup;

/// <summary>Writes to /dev/kmsg: the kernel stamps the time, keeps the ring, and prints to every console.</summary>
/// <remarks>Documentation/ABI/testing/dev-kmsg: one write is one record, <c>&lt;priority&gt;text</c>; control characters are escaped by the kernel.</remarks>
internal sealed class KernelLog : INodeLog, IDisposable
{
    // The kernel cuts a record at 1024 bytes less its own prefix (PRINTK_MESSAGE_MAX, LOG_LINE_MAX).
    private const int MaxBytes = 900;
    private const int LogWarning = 4;
    private const int LogInfo = 6;

    private readonly FileStream _device;

    private KernelLog(FileStream device) => _device = device;

    /// <summary>Opens the log and lifts the kernel's limit for user space, which is meant for machines with other loggers.</summary>
    public static KernelLog Open()
    {
        File.WriteAllText("/proc/sys/kernel/printk_devkmsg", "on\n");
        return new KernelLog(new FileStream("/dev/kmsg", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0));
    }

    /// <inheritdoc/>
    public void Info(BootStage stage, string text) => Write(LogInfo, stage, text);

    /// <inheritdoc/>
    public void Warning(BootStage stage, string text) => Write(LogWarning, stage, text);

    /// <inheritdoc/>
    public void Dispose() => _device.Dispose();

    /// <summary>One record: a line feed inside the text becomes a space, so that it stays one line with its prefix.</summary>
    /// <remarks>It ends in a line feed: without one the kernel holds the record back, for it might be continued.</remarks>
    internal static byte[] Record(int priority, BootStage stage, string text)
    {
        var record = Encoding.UTF8.GetBytes($"<{priority}>walt-vpn {stage.ToString().ToLowerInvariant()}: {text.ReplaceLineEndings(" ")}");
        return [.. record.AsSpan(0, Math.Min(record.Length, MaxBytes)), (byte)'\n'];
    }

    private void Write(int priority, BootStage stage, string text) => _device.Write(Record(priority, stage, text));
}

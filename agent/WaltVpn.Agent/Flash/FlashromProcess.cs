using System.Text;
using WaltVpn.Linux;

namespace WaltVpn.Agent.Flash;

/// <summary>flashrom as a child process.</summary>
/// <param name="program">Absolute path.</param>
/// <param name="time">For the deadlines.</param>
internal sealed class FlashromProcess(string program, TimeProvider time) : IFlashrom
{
    public const string Program = "/usr/sbin/flashrom";

    private const int SIGKILL = 9;
    // The status a shell gives for a program that cannot be started.
    private const int NotStarted = 127;
    // A verbose probe prints 60 KB; more is read, so that flashrom goes on, and dropped.
    private const int LongestText = 1024 * 1024;
    // A killed process that does not end sits in the driver; nothing but a restart of the board gets it out.
    private static readonly TimeSpan AfterKill = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public async Task<FlashromRun> Run(IReadOnlyList<string> arguments, TimeSpan deadline, CancellationToken stopping)
    {
        stopping.ThrowIfCancellationRequested();
        ChildProcess process;
        Task<string> output;
        try
        {
            (process, output) = Start(arguments);
        }
        catch (ErrnoException missing)
        {
            return new FlashromRun(new ExitStatus(NotStarted, 0), missing.Message);
        }

        try
        {
            var status = await process.Exited.WaitAsync(deadline, time, stopping);
            return new FlashromRun(status, await output);
        }
        catch (TimeoutException)
        {
            var status = await Kill(process);
            return new FlashromRun(status, $"{await output}\nflashrom was ended after {deadline.TotalMinutes:0} min without result\n");
        }
        catch (OperationCanceledException)
        {
            await Kill(process);
            throw;
        }
    }

    private (ChildProcess Process, Task<string> Output) Start(IReadOnlyList<string> arguments)
    {
        var (reader, writer) = FileDescriptor.Pipe();
        try
        {
            // The child's end is the child's: closed here, so that its exit is seen as the end of the stream.
            using (writer)
            {
                var process = ChildProcess.Start(program, arguments, ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], null, writer, writer);
                return (process, Task.Factory.StartNew(() => ReadAll(reader), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
            }
        }
        catch (ErrnoException)
        {
            reader.Dispose();
            throw;
        }
    }

    private static async Task<ExitStatus> Kill(ChildProcess process)
    {
        process.Kill(SIGKILL);
        try
        {
            return await process.Exited.WaitAsync(AfterKill);
        }
        catch (TimeoutException stuck)
        {
            throw new FlashException($"flashrom (process {process.Pid}) does not end: the SPI driver hangs, and only a restart of the board frees it.", stuck);
        }
    }

    private static string ReadAll(FileDescriptor descriptor)
    {
        using (descriptor)
        {
            var text = new MemoryStream();
            var buffer = new byte[4096];
            while (descriptor.Read(buffer) is > 0 and var count)
            {
                if (text.Length < LongestText) text.Write(buffer, 0, count);
            }

            return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);
        }
    }
}

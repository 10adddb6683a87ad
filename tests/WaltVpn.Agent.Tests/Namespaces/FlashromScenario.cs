using System.Diagnostics;
using WaltVpn.Agent.Tests.Unit.Flash;

namespace WaltVpn.Agent.Tests.Namespaces;

/// <summary>
/// flashrom's model as a process of its own, with a chip that is a file and keeps every single operation, so that the process can be killed or stopped in the
/// middle of a write as on a board. The folder says what is to happen, once:
/// <code>
/// chip.bin               the chip
/// fault                  "OPERATION DAMAGE kill|hang"; taken away when it happens
/// reached, go            FIFOs: hanging, it opens the first for writing and then the second for reading
/// </code>
/// </summary>
internal static class FlashromScenario
{
    public const string Name = "flashrom-model";

    public static int Run(string folder, string[] arguments)
    {
        using var file = new FileStream(Path.Combine(folder, "chip.bin"), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        var content = new byte[file.Length];
        file.ReadExactly(content);
        var chip = new NorFlash(content)
        {
            Changed = (offset, length) =>
            {
                file.Position = offset;
                file.Write(content, offset, length);
            },
        };
        var faultFile = Path.Combine(folder, "fault");
        var fault = arguments.Contains("-w") && File.Exists(faultFile) ? File.ReadAllText(faultFile).Split(' ') : null;
        if (fault is [var operation, var damage, _]) chip.Cut = (int.Parse(operation), Enum.Parse<Damage>(damage));
        try
        {
            var run = new FlashromModel(chip).Run(arguments, TimeSpan.MaxValue, CancellationToken.None).GetAwaiter().GetResult();
            Console.Write(run.Text);
            return run.Status.Code;
        }
        catch (PowerCutException)
        {
            File.Delete(faultFile);
            if (fault is [.., "kill"]) Process.GetCurrentProcess().Kill();
            Meet(Path.Combine(folder, "reached"), FileAccess.Write);
            Meet(Path.Combine(folder, "go"), FileAccess.Read);
            // Released, it does the rest as if nothing had been.
            return Run(folder, arguments);
        }
    }

    /// <summary>Waits until another process opens the other end of a FIFO.</summary>
    /// <remarks>Shared, because both ends are one file to the locks that .NET takes.</remarks>
    public static void Meet(string fifo, FileAccess end) => new FileStream(fifo, FileMode.Open, end, FileShare.ReadWrite, bufferSize: 0).Dispose();
}

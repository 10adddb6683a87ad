using WaltVpn.Linux;

namespace WaltVpn.Agent.Startup;

/// <summary>Loads the drivers the devices ask for: those present at start, and each that appears later.</summary>
internal sealed class ModuleLoader(INodeLog log)
{
    private const string Modprobe = "/sbin/modprobe";

    /// <summary>Loaded by name, for nothing in /sys asks for them.</summary>
    private static readonly string[] Always =
    [
        "tun", // the tunnel's network interface, tun(4)
        "vfat", // the boot partition
        "ext4", // the state partition, where ext4 is a module
    ];

    private readonly HashSet<string> _seen = [];

    /// <summary>Loads for what is there, then goes on in a thread of its own.</summary>
    /// <exception cref="ErrnoException">Device events cannot be had.</exception>
    public async Task Start()
    {
        // Listening comes before looking, so that no device falls between the two.
        var events = new Uevent();
        await Load(Always);
        // A driver that was loaded may bring a bus with more devices: look until nothing new is found.
        while (await Load(Modaliases()))
        {
        }

        new Thread(() => Follow(events)) { Name = "module loader", IsBackground = true }.Start();
    }

    private static IEnumerable<string> Modaliases()
    {
        var everywhere = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };
        return Directory.EnumerateFiles("/sys/devices", "modalias", everywhere).Select(ReadOrEmpty).Where(alias => alias.Length > 0);
    }

    // A device may leave between the listing and the read.
    private static string ReadOrEmpty(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (IOException)
        {
            return "";
        }
    }

    private async Task<bool> Load(IEnumerable<string> names)
    {
        var unseen = names.Where(_seen.Add).ToList();
        if (unseen.Count == 0) return false;
        // An alias without a module in the image is no error: the image holds what the board needs. -a: all names, -q: quietly.
        await ChildProcess.Start(Modprobe, ["-a", "-q", .. unseen], ["PATH=/sbin:/bin"]).Exited;
        return true;
    }

    private void Follow(Uevent events)
    {
        while (true)
        {
            try
            {
                var variables = events.Read();
                if (variables.Count == 0) Load(Modaliases()).GetAwaiter().GetResult();
                else if (variables.GetValueOrDefault("ACTION") == "add" && variables.TryGetValue("MODALIAS", out var alias))
                    Load([alias]).GetAwaiter().GetResult();
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // No process to be had, or a device that left while /sys was read: the next event may fare better.
                log.Warning(BootStage.Startup, $"{failure.Message}. A device that was just plugged may lack its driver.");
            }
        }
    }
}

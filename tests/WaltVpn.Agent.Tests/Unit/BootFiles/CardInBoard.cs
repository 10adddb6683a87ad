using System.Text;
using WaltVpn.Agent.BootFiles;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.BootFiles;

/// <summary>A card in a board: what a start of it does, up to the tunnel of the system that it ends in. Only the kernel that is started is not real.</summary>
internal sealed class CardInBoard : IDisposable
{
    /// <summary>What a start ends in when no image was started.</summary>
    public const string Own = "the card's own system";

    private const int Chunk = 44 * 1024;

    private readonly string _folder = Directory.CreateTempSubdirectory("waltvpn-card-").FullName;

    public ImageServer Server { get; } = new();

    public RecordingLog Log { get; } = new();

    public CachePolicy Policy { get; set; } = CachePolicy.Default;

    public BootSource Source { get; set; }

    public TimeProvider Time { get; } = new ImpatientTime();

    /// <summary>Images that never come in, whatever is the reason.</summary>
    public HashSet<string> Bad { get; } = [];

    /// <summary>Kernels that are not loaded on this board.</summary>
    public HashSet<string> NotLoadable { get; } = [];

    public CardInBoard() => Source = Server.Source;

    public BootRecord Record => new BootCache(new CuttingFolder(_folder), Log).ReadRecord();

    public string[] Files => [.. Directory.GetFiles(_folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    public string PathOf(string name) => Path.Combine(_folder, name);

    /// <summary>Switches it on.</summary>
    /// <returns>SHA-256 of the image that was started, or <see cref="Own"/>.</returns>
    public Task<string> PowerOn() => PowerOn(new CuttingFolder(_folder));

    /// <summary>Switches it on, and the power fails in one change of the card.</summary>
    public Task<string> PowerOn((int Change, Flash.Damage Damage) cut) => PowerOn(new CuttingFolder(_folder) { Cut = cut });

    /// <summary>Switches on a card with little room.</summary>
    public Task<string> PowerOn(long size) => PowerOn(new CuttingFolder(_folder) { Size = size });

    /// <summary>A copy of what a fresh card of the same server, with the same images on it, has.</summary>
    public void CopyFrom(CardInBoard other)
    {
        foreach (var old in Directory.GetFiles(_folder)) File.Delete(old);
        foreach (var file in Directory.GetFiles(other._folder)) File.Copy(file, PathOf(Path.GetFileName(file)));
    }

    /// <summary>Starts with a folder of its own, to count its changes.</summary>
    public async Task<int> CountChanges()
    {
        var folder = new CuttingFolder(_folder) { Cut = (int.MaxValue, Flash.Damage.None) };
        await PowerOn(folder);
        return folder.Changes;
    }

    public void Dispose()
    {
        Server.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<string> PowerOn(CuttingFolder folder)
    {
        var cache = new BootCache(folder, Log);
        var server = new BootServer(Source, cache, Log, Time, Chunk);
        try
        {
            await new StageOne(Source, Policy, SignedImage.Board, cache, server, new Kernel(NotLoadable), Time, Log).Run(TestContext.Current.CancellationToken);
        }
        catch (KernelStartedException started)
        {
            if (!Bad.Contains(started.Image)) new StageTwo(started.Image, cache, Time, Log).CameIn();
            return started.Image;
        }

        cache.Change(record => record.CameIn(image: null, Time.GetUtcNow()));
        return Own;
    }

    private sealed class KernelStartedException(string image) : Exception
    {
        public string Image => image;
    }

    private sealed class Kernel(HashSet<string> notLoadable) : IKernelStarter
    {
        private string? _loaded;

        public Task Load(BootImage image)
        {
            if (notLoadable.Contains(image.Sha256)) throw new BootImageException("this board's kernel refuses it");
            var path = Path.GetTempFileName();
            image.Extract(image.Manifest.Kernel, path);
            var kernel = Encoding.ASCII.GetString(File.ReadAllBytes(path));
            File.Delete(path);
            Xunit.Assert.StartsWith("kernel ", kernel);
            _loaded = image.Sha256;
            return Task.CompletedTask;
        }

        public void Start() => throw new KernelStartedException(_loaded!);
    }
}

namespace WaltVpn.Server.Tests.Parts;

/// <summary>The source tree the tests were built in: it has the scripts and the published programs.</summary>
internal static class RepositoryFolder
{
    /// <summary>The folder of WaltVpn.sln.</summary>
    public static string Root { get; } = Find();

    /// <summary>A path below it.</summary>
    public static string File(string path) => Path.Combine(Root, path);

    private static string Find()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
            if (System.IO.File.Exists(Path.Combine(folder, "WaltVpn.sln"))) return folder;
        throw new InvalidOperationException($"no WaltVpn.sln above {AppContext.BaseDirectory}");
    }
}

using System.Runtime.CompilerServices;

namespace WaltVpn.ImageBuilder.Tests;

/// <summary>Texts kept in tests/vectors; UPDATE_VECTORS=1 rewrites them, and the difference is reviewed like code.</summary>
internal static class Vector
{
    /// <summary>Compares a text with the kept one.</summary>
    /// <param name="name">Path below tests/vectors.</param>
    public static async Task ShouldMatchAsync(string name, string text, [CallerFilePath] string source = "")
    {
        var root = new FileInfo(source).Directory!;
        while (root.Name != "tests") root = root.Parent!;
        var path = Path.Combine(root.FullName, "vectors", name);
        if (Environment.GetEnvironmentVariable("UPDATE_VECTORS") == "1") await File.WriteAllTextAsync(path, text, TestContext.Current.CancellationToken);
        text.ShouldBe(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
    }
}

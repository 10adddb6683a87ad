using System.Diagnostics;
using Shouldly;

namespace WaltVpn.Agent.Tests.Namespaces;

/// <summary>A shell script that a test starts as a program.</summary>
internal static class Script
{
    /// <summary>Makes it.</summary>
    /// <remarks>
    /// By install(1), because a file this process wrote itself may for a moment be open for writing in a child that another test is just starting, and cannot
    /// be executed then (ETXTBSY).
    /// </remarks>
    public static void Write(string path, string text)
    {
        File.WriteAllText(path + ".text", text + "\n");
        using var process = Process.Start("install", ["-m", "755", path + ".text", path]);
        process.WaitForExit();
        process.ExitCode.ShouldBe(0);
    }
}

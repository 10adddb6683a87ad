using System.Reflection;

namespace WaltVpn.ImageBuilder;

/// <summary>The version of this program.</summary>
internal static class ProgramVersion
{
    public static string Text { get; } = typeof(ProgramVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}

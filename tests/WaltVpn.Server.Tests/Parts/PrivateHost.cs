using Xunit;

namespace WaltVpn.Server.Tests.Parts;

/// <summary>Tests that need root, users and mounts of their own run inside scripts/private-host.</summary>
internal static class PrivateHost
{
    public static void Require() => Assert.SkipUnless(File.Exists("/run/private-host/passwd"), "needs scripts/private-host");
}

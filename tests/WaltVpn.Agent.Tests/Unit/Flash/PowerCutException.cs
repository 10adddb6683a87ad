namespace WaltVpn.Agent.Tests.Unit.Flash;

/// <summary>The power failed during a flash operation: nothing after it runs. Our code knows no such exception, so it passes through all of it.</summary>
internal sealed class PowerCutException() : Exception("the power failed");

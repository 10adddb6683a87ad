namespace WaltVpn.Agent;

/// <summary>The node's log. On a board it is the kernel's, so that it stands in order with the drivers' lines and reaches every console.</summary>
internal interface INodeLog
{
    /// <summary>A state changed.</summary>
    void Info(BootStage stage, string text);

    /// <summary>Something failed and will be tried again, or needs a person.</summary>
    void Warning(BootStage stage, string text);

    /// <summary>An attempt of this stage failed, and the next one is to come.</summary>
    void Retry(BootStage stage, string text) => Warning(stage, text);
}

namespace WaltVpn.Agent.BootFiles;

/// <summary>Makes another kernel the one that runs.</summary>
internal interface IKernelStarter
{
    /// <summary>Loads an image's kernel and initramfs; the running kernel goes on.</summary>
    /// <exception cref="BootImageException">It cannot be loaded here.</exception>
    Task Load(BootImage image);

    /// <summary>STARTS WHAT WAS LOADED. Nothing of this kernel goes on, and nothing is unmounted.</summary>
    void Start();
}

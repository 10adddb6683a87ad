namespace WaltVpn.Eeprom;

/// <summary>One digit of <c>BOOT_ORDER</c>.</summary>
public enum BootWay
{
    /// <summary>SD card, waiting for one to be put in; older bootloaders only.</summary>
    SdCardDetect = 0x0,

    /// <summary>SD card or eMMC.</summary>
    SdCard = 0x1,

    /// <summary>TFTP.</summary>
    Network = 0x2,

    /// <summary>As a USB device, fed by another computer; without end, so it stands last.</summary>
    RpiBoot = 0x3,

    /// <summary>USB mass storage.</summary>
    UsbStorage = 0x4,

    /// <summary>USB 2.0 at the USB-C port; not on a Raspberry Pi 5.</summary>
    BcmUsbStorage = 0x5,

    /// <summary>NVMe.</summary>
    Nvme = 0x6,

    /// <summary>HTTP: boot.sig and boot.img.</summary>
    Http = 0x7,

    /// <summary>Stop and show an error.</summary>
    Stop = 0xe,

    /// <summary>From the first again.</summary>
    Restart = 0xf,
}

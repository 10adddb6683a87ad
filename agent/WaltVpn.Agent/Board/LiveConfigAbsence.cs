namespace WaltVpn.Agent.Board;

/// <summary>Why the configuration that a board started with cannot be had.</summary>
internal enum LiveConfigAbsence
{
    /// <summary>Another board, a virtual machine, a PC.</summary>
    NotARaspberryPi,

    /// <summary>A Raspberry Pi of before 4.</summary>
    NoBootEeprom,

    /// <summary>The device tree has no node for it, or the firmware did not fill it.</summary>
    NoNode,

    /// <summary>The node is there, and no driver made a file of it.</summary>
    NoDriver,

    /// <summary>The file is there and cannot be read.</summary>
    Unreadable,
}

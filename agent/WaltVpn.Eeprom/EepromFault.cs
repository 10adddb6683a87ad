namespace WaltVpn.Eeprom;

/// <summary>Why an image, a configuration or one of its parts was refused; the exception's message has the details.</summary>
public enum EepromFault
{
    /// <summary>Not the size of any board's flash chip.</summary>
    WrongSize,

    /// <summary>What must be the start of a section is something else.</summary>
    BadMagic,

    /// <summary>A section ends after the image does.</summary>
    Truncated,

    /// <summary>A section is too short for what its own header says, so that it reaches into the next.</summary>
    Overlap,

    /// <summary>The image has no such file; it may be older than the file.</summary>
    NotFound,

    /// <summary>The new content does not fit at its place.</summary>
    DoesNotFit,

    /// <summary>Not an RSA-2048 key.</summary>
    BadKey,

    /// <summary>Not a signature text.</summary>
    BadSignature,

    /// <summary>A configuration that is no text, or a value that the bootloader would not take.</summary>
    BadConfig,

    /// <summary>Credentials that are not the three files a node needs.</summary>
    BadCredentials,

    /// <summary>A bootloader from before the platform's minimum.</summary>
    TooOld,
}

namespace WaltVpn.Eeprom;

/// <summary>Something in a configuration that will not do what it seems to say.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Message">What is wrong and what is right; never a secret.</param>
/// <param name="IsError">True when the bootloader will not do what the line says; false when it only looks like a slip.</param>
public sealed record BootConfigProblem(int Line, string Message, bool IsError);

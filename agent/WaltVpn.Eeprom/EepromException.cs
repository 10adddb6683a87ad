namespace WaltVpn.Eeprom;

/// <summary>A refusal: the message says what was attempted, where, what was found and what to do. It never holds a secret.</summary>
public sealed class EepromException : Exception
{
    public EepromException(EepromFault fault, string message)
        : base(message) => Fault = fault;

    public EepromException(EepromFault fault, string message, Exception cause)
        : base(message, cause) => Fault = fault;

    /// <summary>The reason, for code that decides by it.</summary>
    public EepromFault Fault { get; }
}

using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace WaltVpn.Protocol;

/// <summary>Names USB devices in a node's settings: by what they are, by what they do, or by where they are plugged.</summary>
/// <remarks>
/// <c>VVVV:PPPP</c> or <c>VVVV:*</c> (vendor and product, four hexadecimal digits each, as lsusb(8) prints them), <c>class:CC</c> (of the device or of one of
/// its interfaces, two hexadecimal digits, usb.org "Defined Class Codes"), <c>port:1-1.2</c> (the kernel's name of the port; what is plugged into a hub at that
/// port is meant too).
/// </remarks>
public sealed record UsbRule
{
    /// <summary>What to write, in one line.</summary>
    public const string Form = "VVVV:PPPP, VVVV:*, class:CC or port:1-1.2";

    private const string ClassWord = "class:";
    private const string PortWord = "port:";

    private readonly ushort? _vendor;
    private readonly ushort? _product;
    private readonly byte? _class;
    private readonly string? _port;

    private UsbRule(ushort? vendor, ushort? product, byte? @class, string? port) => (_vendor, _product, _class, _port) = (vendor, product, @class, port);

    /// <summary>Reads a rule.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out UsbRule? rule)
    {
        rule = null;
        if (text.StartsWith(ClassWord, StringComparison.Ordinal))
        {
            if (Hexadecimal(text[ClassWord.Length..], 2) is { } @class) rule = new UsbRule(null, null, (byte)@class, null);
        }
        else if (text.StartsWith(PortWord, StringComparison.Ordinal))
        {
            if (IsPort(text[PortWord.Length..])) rule = new UsbRule(null, null, null, text[PortWord.Length..]);
        }
        else if (text.Split(':') is [var vendor, var product] && Hexadecimal(vendor, 4) is { } maker)
        {
            if (product == "*") rule = new UsbRule(maker, null, null, null);
            else if (Hexadecimal(product, 4) is { } kind) rule = new UsbRule(maker, kind, null, null);
        }

        return rule is not null;
    }

    /// <summary>Is the device meant?</summary>
    /// <param name="vendor">Its idVendor.</param>
    /// <param name="product">Its idProduct.</param>
    /// <param name="classes">Class codes of the device and of its interfaces.</param>
    /// <param name="port">The kernel's name of its port, <c>1-1.2</c>.</param>
    public bool Matches(ushort vendor, ushort product, IEnumerable<byte> classes, string port)
    {
        if (_class is { } wanted) return classes.Contains(wanted);
        if (_port is not null) return port == _port || port.StartsWith(_port + '.', StringComparison.Ordinal);
        return vendor == _vendor && (_product is null || product == _product);
    }

    /// <summary>bus-port[.port…], linux/Documentation/driver-api/usb: numbers without leading zeros.</summary>
    public static bool IsPort(string text) =>
        text.Split('-') is [var bus, var ports] && IsNumber(bus) && ports.Split('.').All(IsNumber);

    private static bool IsNumber(string text) => text.Length is > 0 and <= 3 && text.All(char.IsAsciiDigit) && text[0] != '0';

    private static ushort? Hexadecimal(string text, int digits) =>
        text.Length == digits && ushort.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) ? number : null;
}

namespace WaltVpn.ImageBuilder.Eeprom;

/// <summary>The members of the JSON report, for the end of the command's help. A test compares it with what is printed.</summary>
internal static class EepromReportSchema
{
    /// <summary>One line per value: where it stands, its JSON type, what it is.</summary>
    public const string Text = """
        Members of the JSON (-o json); more may come, but none is renamed or goes away:
          firmware                   string  path of the image
          bytes                      number  its size
          sha256                     string  its hash
          chip                       string  BCM2711 (Raspberry Pi 4) or BCM2712 (5)
          partitions                 number  bootloaders it has room for, 1 or 2
          buildTime                  string  when the bootloader was built, RFC 3339; absent when it does not say
          version                    string  eight hexadecimal digits; absent when it does not say
          manufacturingVersion       number  compared with what a board asks at least; 0 before May 2026
          updateTime                 string  when it was configured, RFC 3339; absent when nobody wrote that down
          sections[].offset          number  where it starts
          sections[].kind            string  bootcode, firmware, file or padding
          sections[].name            string  of a file, else empty
          sections[].bytes           number  of its content
          files[].name               string  a file that can be replaced
          files[].bytes              number  of its content; 0 when it was never filled
          files[].capacity           number  bytes that fit
          publicKeySha256            string  of pubkey.bin; absent when there is no key
          config[]                   string  line of the configuration; secrets are three stars
          problems[]                 string  what the bootloader will not do although the configuration says so
          budget.capacity            number  bytes that fit into the configuration
          budget.used                number  bytes of it
          budget.free                number  bytes left
          budget.other               number  bytes of sections, comments and blank lines
          budget.variables[].name    string  variable, the dearest first
          budget.variables[].bytes   number  what it costs
        """;
}

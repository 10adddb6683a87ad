namespace WaltVpn.Eeprom;

/// <summary>What the configuration of an image costs, and what is left.</summary>
/// <param name="Capacity">Bytes that fit into this image's <c>bootconf.txt</c>.</param>
/// <param name="Used">Bytes of the configuration.</param>
/// <param name="Variables">What each variable costs, dearest first; one that stands several times is counted once with its sum.</param>
/// <param name="Other">Bytes of everything else: sections, comments, blank lines, what is for config.txt.</param>
public sealed record ConfigBudget(int Capacity, int Used, IReadOnlyList<VariableCost> Variables, int Other)
{
    /// <summary>Bytes left; negative when the configuration does not fit.</summary>
    public int Free => Capacity - Used;

    /// <summary>Counts a configuration.</summary>
    /// <param name="capacity">Of the image it is for: <see cref="EepromImage.Capacity"/>.</param>
    public static ConfigBudget Of(BootConfig config, int capacity)
    {
        var variables = config.Lines
            .Where(line => line.Kind == BootConfigLineKind.Variable)
            .GroupBy(line => line.Name, StringComparer.Ordinal)
            .Select(lines => new VariableCost(lines.Key, lines.Sum(line => line.Bytes)))
            .OrderByDescending(cost => cost.Bytes).ThenBy(cost => cost.Name, StringComparer.Ordinal)
            .ToList();
        var used = config.Lines.Sum(line => line.Bytes);
        return new ConfigBudget(capacity, used, variables, used - variables.Sum(cost => cost.Bytes));
    }
}

/// <summary>What one variable costs.</summary>
/// <param name="Name">Of the variable.</param>
/// <param name="Bytes">Of its lines, with names, signs and line ends.</param>
public sealed record VariableCost(string Name, int Bytes);

namespace WaltVpn.Hub;

/// <summary>A command's arguments: words in order, and options <c>--name value</c> anywhere between them.</summary>
internal sealed class Arguments
{
    private readonly Queue<string> _words = [];
    private readonly Dictionary<string, string> _options = [];

    /// <exception cref="UsageException">An option without a value, or given twice.</exception>
    public Arguments(ReadOnlySpan<string> arguments)
    {
        for (var i = 0; i < arguments.Length; i++)
        {
            if (!arguments[i].StartsWith("--", StringComparison.Ordinal))
            {
                _words.Enqueue(arguments[i]);
                continue;
            }

            if (i + 1 == arguments.Length) throw new UsageException($"option {arguments[i]} needs a value");
            if (!_options.TryAdd(arguments[i][2..], arguments[i + 1])) throw new UsageException($"option {arguments[i]} is given twice");
            i++;
        }
    }

    /// <summary>The next word.</summary>
    /// <param name="meaning">What it should be, for the message when it is missing.</param>
    public string Word(string meaning) => _words.TryDequeue(out var word) ? word : throw new UsageException($"{meaning} is missing");

    /// <summary>The option's value; each option can be asked for once.</summary>
    public string Option(string name, string otherwise) => _options.Remove(name, out var value) ? value : otherwise;

    /// <summary>A path that goes into a command line for a shell: absolute, and made of letters, digits and <c>. _ - /</c> only.</summary>
    /// <returns>Null when the option was not given.</returns>
    public string? PathOption(string name)
    {
        if (!_options.Remove(name, out var value)) return null;
        return IsPlainPath(value) ? value : throw new UsageException($"option --{name} needs an absolute path of letters, digits and . _ - /");
    }

    /// <summary>Absolute, and no character in it that a shell or sshd would read in its own way.</summary>
    public static bool IsPlainPath(string path) => path.StartsWith('/') && path.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '/');

    /// <summary>Everything was asked for.</summary>
    /// <exception cref="UsageException">Something is left.</exception>
    public void ExpectEnd()
    {
        if (_words.TryPeek(out var word)) throw new UsageException($"'{word}' is one argument too many");
        foreach (var name in _options.Keys) throw new UsageException($"there is no option --{name} here");
    }
}

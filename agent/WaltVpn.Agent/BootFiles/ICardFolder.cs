namespace WaltVpn.Agent.BootFiles;

/// <summary>A folder on the card. What a call has changed is on the card when it returns; the power may fail within one, and between two.</summary>
internal interface ICardFolder
{
    /// <summary>Names of its files.</summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>Bytes free for new files.</summary>
    long Free { get; }

    /// <summary>Bytes of a file; 0 when there is none.</summary>
    long LengthOf(string name);

    /// <summary>Opens a file to read.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    FileStream Open(string name);

    /// <summary>Adds to the end of a file, and makes it when it is not there. A power cut leaves any part of the bytes, or garbage in their place.</summary>
    void Append(string name, ReadOnlySpan<byte> bytes);

    /// <summary>Replaces a file: a power cut leaves the old one or the new one.</summary>
    void Replace(string name, ReadOnlySpan<byte> content);

    /// <summary>Gives a file another name.</summary>
    void Rename(string from, string to);

    /// <summary>Deletes files, in this order.</summary>
    void Delete(params IEnumerable<string> names);
}

using WaltVpn.Agent.BootFiles;
using WaltVpn.Agent.Tests.Unit.Flash;

namespace WaltVpn.Agent.Tests.Unit.BootFiles;

/// <summary>A folder of a card whose power fails when a test says so: within one of its changes, which then is done in no, some, wrong or all parts.</summary>
internal sealed class CuttingFolder(string folder) : ICardFolder
{
    /// <summary>In which change, from 0, and what becomes of it; null: the power stays.</summary>
    public (int Change, Damage Damage)? Cut { get; init; }

    /// <summary>Bytes that a card of this size has room for.</summary>
    public long Size { get; init; } = 255 << 20;

    /// <summary>Changes so far.</summary>
    public int Changes { get; private set; }

    public IReadOnlyList<string> Names => [.. Directory.GetFiles(folder).Select(path => Path.GetFileName(path))];

    public long Free => Size - Directory.GetFiles(folder).Sum(path => new FileInfo(path).Length);

    public long LengthOf(string name) => new FileInfo(At(name)) is { Exists: true } file ? file.Length : 0;

    public FileStream Open(string name) => File.OpenRead(At(name));

    public void Append(string name, ReadOnlySpan<byte> bytes)
    {
        var content = bytes.ToArray();
        Change(part => AppendAllBytes(name, part switch
        {
            Damage.Half => content[..(content.Length / 2)],
            // The length reached the card, the bytes did not.
            Damage.Garbage => new byte[content.Length],
            _ => content,
        }));
    }

    // Of a replacement and a rename nothing but "before" and "after" can be seen: that is what DurableFile and rename(2) are for.
    public void Replace(string name, ReadOnlySpan<byte> content)
    {
        var bytes = content.ToArray();
        Change(part =>
        {
            if (part == Damage.Done) File.WriteAllBytes(At(name), bytes);
            else File.WriteAllBytes(At(name + ".new"), part == Damage.Half ? bytes[..(bytes.Length / 2)] : new byte[bytes.Length]);
        });
    }

    public void Rename(string from, string to) => Change(part =>
    {
        if (part == Damage.Done) File.Move(At(from), At(to), overwrite: true);
    });

    public void Delete(params IEnumerable<string> names)
    {
        var all = names.ToList();
        if (all.Count == 0) return;
        Change(part =>
        {
            foreach (var name in part == Damage.Done ? all : all.Take(all.Count / 2)) File.Delete(At(name));
        });
    }

    private void Change(Action<Damage> change)
    {
        if (Cut is { } cut && cut.Change == Changes++)
        {
            if (cut.Damage != Damage.None) change(cut.Damage);
            throw new PowerCutException();
        }

        change(Damage.Done);
    }

    private void AppendAllBytes(string name, byte[] bytes)
    {
        using var file = new FileStream(At(name), FileMode.Append, FileAccess.Write);
        file.Write(bytes);
    }

    private string At(string name) => Path.Combine(folder, name);
}

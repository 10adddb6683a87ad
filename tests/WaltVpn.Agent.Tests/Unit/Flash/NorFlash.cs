namespace WaltVpn.Agent.Tests.Unit.Flash;

/// <summary>A NOR flash chip: sectors are erased to ff, and programming a page can only clear bits. It can be cut off in any operation.</summary>
internal sealed class NorFlash(byte[] content)
{
    public const int SectorSize = 4096;
    public const int PageSize = 256;

    /// <summary>What a reader sees.</summary>
    public byte[] Content { get; } = content;

    /// <summary>Erasures and programmed pages so far.</summary>
    public int Operations { get; private set; }

    /// <summary>The sectors erased so far, by their number.</summary>
    public HashSet<int> Touched { get; } = [];

    /// <summary>The operation to be cut off, counted from 0, and what it leaves; null: none. It happens once.</summary>
    public (int Operation, Damage Damage)? Cut { get; set; }

    /// <summary>A sector that is worn out: it takes no more programming; null: none.</summary>
    public int? Worn { get; set; }

    /// <summary>Told after each change: offset and length.</summary>
    public Action<int, int>? Changed { get; init; }

    public void Erase(int sector)
    {
        var erased = new byte[SectorSize];
        erased.AsSpan().Fill(0xff);
        Store(sector * SectorSize, erased);
    }

    public void Program(int offset, ReadOnlySpan<byte> page)
    {
        if (page.Length > PageSize || offset / PageSize != (offset + page.Length - 1) / PageSize) throw new ArgumentException("not within one page");
        var result = new byte[page.Length];
        for (var i = 0; i < page.Length; i++) result[i] = (byte)(Content[offset + i] & page[i]);
        if (offset / SectorSize == Worn) result = Content.AsSpan(offset, page.Length).ToArray();
        Store(offset, result);
    }

    private void Store(int offset, byte[] result)
    {
        Touched.Add(offset / SectorSize);
        var cut = Cut is { } planned && planned.Operation == Operations ? planned.Damage : (Damage?)null;
        Operations++;
        switch (cut)
        {
            case Damage.None:
                result = [];
                break;
            case Damage.Half:
                result = result[..(result.Length / 2)];
                break;
            case Damage.Garbage:
                new Random(Operations).NextBytes(result);
                break;
        }

        result.CopyTo(Content, offset);
        Changed?.Invoke(offset, result.Length);
        if (cut is null) return;
        Cut = null;
        throw new PowerCutException();
    }
}

namespace WaltVpn.Linux;

/// <summary>
/// What one read or write on the data path came to: a value, because there an error is an everyday answer and an exception would cost more than the
/// frame.
/// </summary>
/// <param name="Count">Bytes moved; after a read 0 means that the other side closed.</param>
/// <param name="Error">The kernel's answer when nothing was moved; null when it succeeded.</param>
public readonly record struct Transfer(int Count, Errno? Error)
{
    /// <summary>Bytes were moved, or the end was read.</summary>
    public bool Succeeded => Error is null;

    /// <summary>A non-blocking descriptor has nothing to read, or no room to write, now.</summary>
    public bool WouldBlock => Error is Errno.EAGAIN;
}

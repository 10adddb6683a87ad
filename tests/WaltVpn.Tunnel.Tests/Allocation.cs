namespace WaltVpn.Tunnel.Tests;

/// <summary>What a piece of code allocates in steady state.</summary>
internal static class Allocation
{
    private const int Runs = 10;

    /// <summary>Measures it on this thread.</summary>
    /// <returns>Bytes on the managed heap, each time again: what a run has above the least is not the code's.</returns>
    /// <remarks>
    /// The compiler, which works in this thread as well, allocates beside what it replaces; and a collection that any other test causes counts what this
    /// thread had reserved.
    /// </remarks>
    public static long Of(Action action) => Enumerable.Range(0, Runs).Min(_ => Once(action));

    private static long Once(Action action)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}

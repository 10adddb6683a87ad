using Xunit;

namespace WaltVpn.Tunnel.Tests;

/// <summary>What a piece of code allocates.</summary>
internal static class Allocation
{
    /// <summary>Measures it on this thread.</summary>
    /// <returns>Bytes on the managed heap.</returns>
    /// <remarks>
    /// A collection in the middle, which any other test can cause, takes this thread's unused share of the heap away and counts it as allocated: then again.
    /// </remarks>
    public static long Of(Action action)
    {
        while (true)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            var collections = GC.CollectionCount(0);
            var before = GC.GetAllocatedBytesForCurrentThread();
            action();
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (GC.CollectionCount(0) == collections) return allocated;
        }
    }
}

using Xunit;

// One machine, one platform: what one test kills or breaks, another must not need at that moment.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace WaltVpn.Agent.Flash;

/// <summary>The program flashrom: the edge of the machine. Behind it are a chip, its wiring and a driver.</summary>
internal interface IFlashrom
{
    /// <summary>Runs it to its end.</summary>
    /// <param name="arguments">Its options.</param>
    /// <param name="deadline">After it flashrom is killed, which is worst while it writes: take one that only a hanging bus exceeds.</param>
    /// <param name="stopping">Kills it too: never pass one that can be cancelled to a run that writes.</param>
    /// <exception cref="OperationCanceledException">It was stopped, and has ended.</exception>
    Task<FlashromRun> Run(IReadOnlyList<string> arguments, TimeSpan deadline, CancellationToken stopping);
}

using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace WaltVpn.Server.Tests.Parts;

/// <summary>Keeps what the daemon logs.</summary>
internal sealed class RecordedLog : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _lines = [];

    /// <summary>Lines so far, each with its level in front.</summary>
    public IEnumerable<string> Lines => _lines;

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull =>
        null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue($"{logLevel} {formatter(state, exception)}{(exception is null ? "" : $" {exception}")}");

    public void Dispose()
    {
    }
}

namespace WaltVpn.Agent.WaltHttp;

/// <summary>A server could not be asked, or its answer could not be used. The message says which request it was and what was answered.</summary>
internal sealed class HttpException(string message, Exception? cause = null) : IOException(message, cause);

namespace WaltVpn.Server.Certificates;

/// <summary>No certificate could be made now. What was decided stays decided; the message says what to look at.</summary>
internal sealed class CertificateException(string message, Exception? inner = null) : IOException(message, inner);

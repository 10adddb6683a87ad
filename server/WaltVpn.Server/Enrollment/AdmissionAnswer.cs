using WaltVpn.Protocol;

namespace WaltVpn.Server.Enrollment;

/// <summary>What a node is told.</summary>
/// <param name="Answer">The answer, when it must be given now.</param>
/// <param name="WaitsAs">Number of the request that waits for a person; null when nothing is waited for.</param>
internal sealed record AdmissionAnswer(EnrollmentAnswer Answer, long? WaitsAs)
{
    /// <summary>Longest time until a node that was refused asks again: an operator may change her mind (docs/protocol.md "Enrollment").</summary>
    private const int DeniedRetrySeconds = 60;

    /// <summary>A node that waits asks again soon; its conversation is held open besides.</summary>
    private const int PendingRetrySeconds = 5;

    /// <summary>A server in trouble is left alone a little longer.</summary>
    private const int TroubleRetrySeconds = 30;

    /// <summary>Refused.</summary>
    public static AdmissionAnswer Denied(string reason) =>
        new(new EnrollmentAnswer { Status = EnrollmentStatus.Denied, Reason = reason, RetryAfterSeconds = DeniedRetrySeconds }, null);

    /// <summary>A person has to decide.</summary>
    public static AdmissionAnswer Pending(long request) =>
        new(new EnrollmentAnswer { Status = EnrollmentStatus.Pending, Reason = "waiting for an operator", RetryAfterSeconds = PendingRetrySeconds }, request);

    /// <summary>The server cannot decide or sign now.</summary>
    public static AdmissionAnswer Trouble(string reason) =>
        new(new EnrollmentAnswer { Status = EnrollmentStatus.Pending, Reason = reason, RetryAfterSeconds = TroubleRetrySeconds }, null);

    /// <summary>In.</summary>
    public static AdmissionAnswer Accepted(NodeIdentity identity) =>
        new(new EnrollmentAnswer { Status = EnrollmentStatus.Accepted, Identity = identity }, null);
}

using WaltVpn.Protocol;
using WaltVpn.Server.Enrollment;

namespace WaltVpn.Server.Lan;

/// <summary>A machine of the platform's own network, or a node through its tunnel, as the kernel sees it.</summary>
/// <param name="Origin">The TCP connection's far end.</param>
/// <param name="Mac">The MAC address that answers for it.</param>
internal sealed record LanCaller(EnrollmentOrigin Origin, MacAddress Mac);

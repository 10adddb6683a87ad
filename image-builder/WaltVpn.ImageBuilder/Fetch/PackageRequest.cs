using WaltVpn.ImageBuilder.Boards;

namespace WaltVpn.ImageBuilder.Fetch;

/// <summary>Which packages are wanted, and where they come from.</summary>
/// <param name="Board">The board of the image.</param>
/// <param name="Cache">Kept between builds: package lists and packages.</param>
/// <param name="Mirror">Of Debian's archive, for boards that name a suite; null: the one of this machine's apt.</param>
/// <param name="TestRuntime">Also what an agent with a test runtime needs.</param>
internal sealed record PackageRequest(Board Board, string Cache, string? Mirror, bool TestRuntime);

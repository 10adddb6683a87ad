using System.Text;
using WaltVpn.Agent.WaltHttp;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Reconcile;

/// <summary>Whether a board would find boot files with settings it does not have yet: one that does not may need a visit.</summary>
internal static class BootFilesCheck
{
    private static readonly TimeSpan _deadline = TimeSpan.FromSeconds(30);

    /// <summary>Asks for <c>boot.sig</c> as the firmware would, and verifies it with the boot key that the board is to have.</summary>
    /// <returns>Why the board would not start; null: it would, as far as this shows.</returns>
    public static async Task<string?> Refuse(DesiredSettings desired, CancellationToken stopping)
    {
        var path = $"/{desired.HttpPath}/boot.sig";
        var what = $"http://{desired.HttpHost}{path}";
        try
        {
            var answer = await HttpExchange.Send(new Uri($"http://{desired.HttpHost}"), path, form: null, _deadline, stopping);
            if (answer.Status != 200) return $"{what}: status {answer.Status}; is an image for this board published? waltvpn boot publish";
            var file = SignatureFile.Parse(Encoding.Latin1.GetString(answer.Body));
            if (file.Signature is not { } signature) return $"{what} has no signature";
            return desired.BootKey.VerifiesHash(Convert.FromHexString(file.Sha256), signature.Span) ? null
                : $"{what} is not signed with the boot key of the settings";
        }
        catch (HttpException failure)
        {
            return failure.Message;
        }
        catch (FormatException mistake)
        {
            return $"{what}: {mistake.Message}";
        }
    }
}

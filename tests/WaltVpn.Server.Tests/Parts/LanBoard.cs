using System.Globalization;
using WaltVpn.Protocol;

namespace WaltVpn.Server.Tests.Parts;

/// <summary>A machine in the platform's own network that speaks as WalT's boards do: keys by ssh-keygen, HTTP by curl.</summary>
internal sealed record LanBoard(string Namespace, string Mac, string Address, string Folder)
{
    private const string StatusMark = "\nstatus ";

    /// <summary>Runs a program in its network, which must end well.</summary>
    public Task<string> Inside(params string[] command) => Shell.Run("ip", ["netns", "exec", Namespace, .. command]);

    /// <summary>Makes a key pair.</summary>
    /// <returns>Path of the private half.</returns>
    public async Task<string> MakeKey(string type = "ecdsa", string bits = "384")
    {
        var file = Path.Combine(Folder, Path.GetRandomFileName());
        await Shell.Run("ssh-keygen", ["-q", "-t", type, "-b", bits, "-N", "", "-C", $"root@{Namespace}", "-f", file]);
        return file;
    }

    /// <summary>Enrols a key.</summary>
    public Task<LanAnswer> Enroll(string keyFile, params string[] options) =>
        Curl(Routes.LegacyEnroll, ["-F", $"ssh-pubkey=@{keyFile}.pub", "-H", "Prefer: errors=text-only", .. options]);

    /// <summary>One of the values for the EEPROM.</summary>
    public Task<LanAnswer> NodeConf(string name) => Curl($"{Routes.LegacyNodeConf}/{name}", []);

    /// <summary>Asks the LAN face.</summary>
    /// <param name="path">And query.</param>
    /// <param name="options">Of curl.</param>
    public Task<LanAnswer> Curl(string path, string[] options) => Ask(["ip", "netns", "exec", Namespace], path, options);

    /// <summary>Asks the LAN face from the server itself.</summary>
    public static Task<LanAnswer> CurlOnServer(string path, string[] options) => Ask(["env"], path, options);

    private static async Task<LanAnswer> Ask(string[] place, string path, string[] options)
    {
        string[] curl = ["curl", "-sS", "--noproxy", "*", "--max-time", "60", "--path-as-is", "-w", StatusMark + "%{http_code} %{content_type}"];
        var output = await Shell.Run(place[0], [.. place[1..], .. curl, .. options, $"http://{LanNetwork.Server}{path}"]);
        var end = output.LastIndexOf(StatusMark, StringComparison.Ordinal);
        var words = output[(end + StatusMark.Length)..].Split(' ', 2);
        return new LanAnswer(int.Parse(words[0], CultureInfo.InvariantCulture), output[..end], words[1]);
    }
}

/// <summary>What curl got.</summary>
internal sealed record LanAnswer(int Status, string Body, string ContentType)
{
    /// <summary>A value.</summary>
    public static LanAnswer Value(string text) => new(200, text, "text/plain; charset=us-ascii");

    /// <summary>An error, by <c>Prefer: errors=text-only</c>.</summary>
    public static LanAnswer Error(int status, string reason) => new(status, reason + "\n", "text/plain; charset=utf-8");
}

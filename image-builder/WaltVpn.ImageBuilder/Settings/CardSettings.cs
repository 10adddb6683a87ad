using System.Text.Encodings.Web;
using System.Text.Json;
using WaltVpn.Protocol;

namespace WaltVpn.ImageBuilder.Settings;

/// <summary>The settings as they stand on the card: JSON that a person can edit.</summary>
internal static class CardSettings
{
    private static ReadOnlySpan<byte> Introduction => """
        // Settings of this WaltVpn card, read once at each boot. The same file serves every node of a platform.
        //   platform        the platform's id
        //   sshEntrypoints  where the server is reached, "host" or "host:port", tried in this order
        //   hostKeys        the server's keys; a server that shows another one is not spoken to
        //   enrollmentKey   opens the enrolment request and nothing else; still, keep it to yourself
        //   httpEntrypoint  where signed boot images are fetched, "host" or "host:port"; with bootKey, or both left away: the card boots what is on it
        //   bootKey         what boot images must be signed with
        //   bootCache       "never" or "stale-ok:DAYS": whether an image of earlier is started when no server answers
        //   mode            "direct": the platform's system runs on the board; "vm": in a virtual machine, whose image bootKey has signed
        //   guestMemory, guestCores   MiB and processors of the virtual machine; without them, what the board can spare
        //   usbAllow, usbDeny         USB devices that go to it or stay here: "VVVV:PPPP", "VVVV:*", "class:CC", "port:1-1.2"

        """u8;

    /// <summary>UTF-8 text, the same for the same settings.</summary>
    public static byte[] Write(NodeSettings settings)
    {
        using var text = new MemoryStream();
        text.Write(Introduction);
        // The relaxed encoder leaves the + of base64 as it is; the file is no web page.
        var options = new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var writer = new Utf8JsonWriter(text, options)) JsonSerializer.Serialize(writer, settings, ProtocolJson.Default.NodeSettings);
        text.WriteByte((byte)'\n');
        return text.ToArray();
    }
}

using System.Text.Json;

namespace WaltVpn.ImageBuilder.Settings;

/// <summary>Makes a card's JSON readable as YAML, which knows no <c>//</c> and <c>/* */</c>.</summary>
internal static class JsonComments
{
    /// <summary>The same text with its comments replaced by spaces, so that lines and columns stay. Text that is not JSON comes back as it was.</summary>
    public static byte[] Blank(byte[] text)
    {
        var result = (byte[])text.Clone();
        var reader = new Utf8JsonReader(text, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Allow, AllowTrailingCommas = true });
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.Comment) continue;
                for (var i = (int)reader.TokenStartIndex; i < reader.BytesConsumed; i++)
                {
                    if (text[i] is not ((byte)'\n' or (byte)'\r')) result[i] = (byte)' ';
                }
            }

        }
        catch (JsonException)
        {
            // Not JSON, or wrong from here on: the YAML reader says so, with the line.
        }

        return result;
    }
}

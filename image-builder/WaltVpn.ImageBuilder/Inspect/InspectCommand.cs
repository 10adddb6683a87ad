using System.CommandLine;
using System.Text.Json;

namespace WaltVpn.ImageBuilder.Inspect;

/// <summary><c>waltvpn-image inspect</c>.</summary>
internal static class InspectCommand
{
    private const string Json = "json";
    private const string Text = "text";

    /// <summary>For the end of its help.</summary>
    public const string Examples = $"""
        Examples:
          waltvpn-image inspect walt-vpn-node.img
          waltvpn-image inspect walt-vpn-node.img -o json | jq .kernel

        {ReportSchema.Text}
        """;

    public static Command Create()
    {
        Argument<string> image = new("image") { Description = "the image file" };
        Option<string> format = new("--output", "-o")
        {
            HelpName = "text|json",
            Description = "how to print it; default: text",
            DefaultValueFactory = _ => Text,
        };
        format.AcceptOnlyFromAmong(Text, Json);
        Command command = new(
            "inspect", "Shows what is in an image: partitions, files, settings (without secrets), versions, sizes. Needs no root.") { image, format };
        command.SetAction(async (arguments, cancellation) =>
        {
            var output = arguments.InvocationConfiguration.Output;
            var report = await ImageReader.ReadAsync(arguments.GetRequiredValue(image), cancellation);
            if (arguments.GetValue(format) == Json) await output.WriteLineAsync(JsonSerializer.Serialize(report, ReportJson.Default.ImageReport));
            else ReportText.Write(output, report);
            return ExitStatus.Done;
        });
        return command;
    }
}

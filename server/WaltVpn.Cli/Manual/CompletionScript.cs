using System.CommandLine;

namespace WaltVpn.Cli.Manual;

/// <summary>What teaches a shell the commands and options of this program. Each follows the words before the cursor as far as they are commands.</summary>
internal static class CompletionScript
{
    /// <summary>For bash, by bash-completion or <c>source</c>.</summary>
    public static string Bash(Command root) =>
        $$"""
        # Completion of waltvpn for bash; 'waltvpn completion bash' writes it.
        _waltvpn() {
          local trail=waltvpn words='' i
          for ((i = 1; i < COMP_CWORD; i++)); do
            case "$trail ${COMP_WORDS[i]}" in
              {{Known(root, "|")}}) trail="$trail ${COMP_WORDS[i]}" ;;
            esac
          done
          case $trail in
        {{Lines(root, model => $"    '{model.Words}') words='{string.Join(' ', model.Choices.Select(choice => choice.Word))}' ;;")}}
          esac
          COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _waltvpn waltvpn

        """;

    /// <summary>For zsh, as a file of its fpath or by <c>source</c>.</summary>
    public static string Zsh(Command root) =>
        $$"""
        #compdef waltvpn
        # Completion of waltvpn for zsh; 'waltvpn completion zsh' writes it.
        _waltvpn() {
          local trail=waltvpn word
          local -a choices
          for word in "${(@)words[2,CURRENT-1]}"; do
            case "$trail $word" in
              ({{Known(root, "|")}}) trail="$trail $word" ;;
            esac
          done
          case $trail in
        {{Lines(root, model => $"    ('{model.Words}') choices=({string.Join(' ', model.Choices.Select(choice => $"'{choice.Word}:{choice.Text}'"))}) ;;")}}
          esac
          _describe waltvpn choices || _files
        }
        if [[ ${funcstack[1]-} = _waltvpn ]]; then _waltvpn "$@"; else compdef _waltvpn waltvpn; fi

        """;

    /// <summary>For fish.</summary>
    public static string Fish(Command root) =>
        $$"""
        # Completion of waltvpn for fish; 'waltvpn completion fish' writes it.
        function __waltvpn_trail
          set -l trail waltvpn
          for word in (commandline -opc)[2..-1]
            switch "$trail $word"
              case {{Known(root, " ")}}
                set trail "$trail $word"
            end
          end
          echo $trail
        end
        {{Lines(root, model => string.Join('\n', model.Choices.Select(choice => $"complete -c waltvpn -n 'test (__waltvpn_trail) = \"{model.Words}\"' -a '{choice.Word}' -d '{choice.Text}'")))}}

        """;

    private static string Known(Command root, string joint) => string.Join(joint, CommandModel.All(root).Skip(1).Select(model => $"'{model.Words}'"));

    private static string Lines(Command root, Func<CommandModel, string> line) => string.Join('\n', CommandModel.All(root).Select(line));
}

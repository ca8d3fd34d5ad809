#include "faces/cli/completion.h"

#include <fmt/format.h>

#include "faces/cli/context.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/output.h"

namespace sonde::faces::cli {

namespace {

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : between) + word;
  }
  return text;
}

/// What can follow the command: its commands, its options, the choices of its argument.
std::string words_after(const CommandShape& shape) {
  std::vector<std::string> words;
  for (const CommandShape& command : shape.commands) {
    words.push_back(command.name);
  }
  words.insert(words.end(), shape.choices.begin(), shape.choices.end());
  for (const OptionShape& option : shape.options) {
    words.insert(words.end(), option.names.begin(), option.names.end());
  }
  return joined(words, " ");
}

/// Calls visit(path, shape) for the program ("") and every command ("search", "source add").
template <typename Visit>
void for_each_command(const CommandShape& shape, const std::string& path, const Visit& visit) {
  visit(path, shape);
  for (const CommandShape& command : shape.commands) {
    for_each_command(command, path + (path.empty() ? "" : " ") + command.name, visit);
  }
}

std::string bash_cases(const CommandShape& shape) {
  std::string text;
  for_each_command(shape, "", [&text](const std::string& path, const CommandShape& command) {
    text += fmt::format("    \"{}\") words=\"{}\"; files={} ;;\n", path, words_after(command),
                        command.takes_paths ? "yes" : "");
  });
  return text;
}

/// Options with a value, by what the value is. One name means the same in every command.
struct ValueOptions {
  std::vector<std::string> with_value;
  std::vector<std::string> with_path;
  std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>> with_choices;
};

ValueOptions value_options(const CommandShape& shape) {
  ValueOptions result;
  std::string seen = " ";
  for_each_command(shape, "", [&](const std::string&, const CommandShape& command) {
    for (const OptionShape& option : command.options) {
      if (!option.takes_value || seen.find(" " + option.names.back() + " ") != std::string::npos) {
        continue;
      }
      seen += option.names.back() + " ";
      result.with_value.insert(result.with_value.end(), option.names.begin(), option.names.end());
      if (option.takes_path) {
        result.with_path.insert(result.with_path.end(), option.names.begin(), option.names.end());
      }
      if (!option.choices.empty()) {
        result.with_choices.emplace_back(option.names, option.choices);
      }
    }
  });
  return result;
}

std::string bash_script(const CommandShape& shape) {
  const ValueOptions options = value_options(shape);
  std::string value_cases;
  for (const auto& [names, choices] : options.with_choices) {
    value_cases += fmt::format(
        "    {}) mapfile -t COMPREPLY < <(compgen -W \"{}\" -- \"$current\"); return ;;\n",
        joined(names, "|"), joined(choices, " "));
  }
  std::vector<std::string> others;
  for (const std::string& name : options.with_value) {
    if (value_cases.find(name + "|") == std::string::npos &&
        value_cases.find(name + ")") == std::string::npos) {
      others.push_back(name);
    }
  }
  return fmt::format(
      R"(# bash completion for sonde; `source <(sonde completion bash)`
_sonde() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}
  local command="" word words="" files="" i skip=""
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${{COMP_WORDS[i]}}
    if [[ -n $skip ]]; then skip=""; continue; fi
    case $word in
    {value_names}) skip=yes ;;
    -*) ;;
    *)
      case "$command $word" in
      {commands}) command=${{command:+$command }}$word ;;
      esac ;;
    esac
  done
  COMPREPLY=()
  case $previous in
{value_cases}    {paths}) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    {other_values}) return ;;
  esac
  case $command in
{cases}  esac
  if [[ $current == -* || -z $files ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  else
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}}
complete -F _sonde sonde
)",
      fmt::arg("value_names", joined(options.with_value, "|")),
      fmt::arg("commands",
               [&] {
                 std::string patterns;
                 for_each_command(shape, "", [&](const std::string& path, const auto&) {
                   if (!path.empty()) {
                     const bool nested = path.find(' ') != std::string::npos;
                     patterns += fmt::format("{}\"{}{}\"", patterns.empty() ? "" : "|",
                                             nested ? "" : " ", path);
                   }
                 });
                 return patterns;
               }()),
      fmt::arg("value_cases", value_cases), fmt::arg("paths", joined(options.with_path, "|")),
      fmt::arg("other_values", joined(others, "|")), fmt::arg("cases", bash_cases(shape)));
}

/// Text inside single quotes of a shell, and inside zsh's brackets.
std::string quoted(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
    } else if (c == '[' || c == ']' || c == ':') {
      result += std::string("\\") + c;
    } else {
      result += c;
    }
  }
  return result;
}

std::string zsh_option(const OptionShape& option) {
  std::string value;
  if (option.takes_value) {
    const std::string values = !option.choices.empty() ? "(" + joined(option.choices, " ") + ")"
                               : option.takes_path     ? "_files"
                                                       : " ";
    value = ":value:" + values;
  }
  std::string text;
  for (const std::string& name : option.names) {
    text += fmt::format(" \\\n      '*{}[{}]{}'", name, quoted(option.description), value);
  }
  return text;
}

void zsh_function(const CommandShape& shape, const std::string& name, std::string& text) {
  text += fmt::format("{}() {{\n", name);
  std::string options;
  for (const OptionShape& option : shape.options) {
    options += zsh_option(option);
  }
  if (shape.commands.empty()) {
    const std::string arguments = !shape.choices.empty()
                                      ? fmt::format(" '1:value:({})'", joined(shape.choices, " "))
                                  : shape.takes_paths ? " '*:file:_files'"
                                                      : "";
    text += fmt::format("  _arguments -s{}{}\n}}\n", arguments, options);
    return;
  }
  text += "  local -a commands\n  commands=(\n";
  for (const CommandShape& command : shape.commands) {
    text += fmt::format("    '{}:{}'\n", command.name, quoted(command.description));
  }
  text += fmt::format(
      "  )\n  local curcontext=$curcontext state line\n"
      "  _arguments -C '1:command:->command' '*::argument:->argument'{}\n"
      "  case $state in\n    command) _describe command commands ;;\n"
      "    argument)\n      case $words[1] in\n",
      options);
  for (const CommandShape& command : shape.commands) {
    text += fmt::format("        {}) {}_{} ;;\n", command.name, name, command.name);
  }
  text += "      esac ;;\n  esac\n}\n";
  for (const CommandShape& command : shape.commands) {
    zsh_function(command, name + "_" + command.name, text);
  }
}

std::string zsh_script(const CommandShape& shape) {
  std::string text =
      "#compdef sonde\n# zsh completion for sonde; in a folder of $fpath as _sonde\n";
  zsh_function(shape, "_sonde", text);
  text += "if [[ $funcstack[1] == _sonde ]]; then _sonde \"$@\"; else compdef _sonde sonde; fi\n";
  return text;
}

/// Text inside single quotes of fish.
std::string fish_quoted(const std::string& text) {
  std::string result;
  for (const char c : text) {
    result += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  }
  return "'" + result + "'";
}

std::string fish_option(const OptionShape& option) {
  std::string text;
  for (const std::string& name : option.names) {
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (option.takes_value) {
    text += option.takes_path ? " -r -F" : " -x";
  }
  if (!option.choices.empty()) {
    text += " -a " + fish_quoted(joined(option.choices, " "));
  }
  return text + " -d " + fish_quoted(option.description);
}

void fish_command(const CommandShape& shape, const std::string& condition, std::string& text) {
  const std::string complete =
      "complete -c sonde" + (condition.empty() ? "" : " -n " + fish_quoted(condition));
  for (const OptionShape& option : shape.options) {
    text += complete + fish_option(option) + "\n";
  }
  if (!shape.choices.empty()) {
    text += complete + " -a " + fish_quoted(joined(shape.choices, " ")) + "\n";
  }
  if (shape.takes_paths) {
    text += complete + " -F\n";
  }
  std::vector<std::string> names;
  for (const CommandShape& command : shape.commands) {
    names.push_back(command.name);
  }
  const std::string here = condition.empty() ? "" : condition + "; and ";
  for (const CommandShape& command : shape.commands) {
    text += fmt::format("complete -c sonde -n {} -a {} -d {}\n",
                        fish_quoted(here + "not __fish_seen_subcommand_from " + joined(names, " ")),
                        command.name, fish_quoted(command.description));
    fish_command(command, here + "__fish_seen_subcommand_from " + command.name, text);
  }
}

std::string fish_script(const CommandShape& shape) {
  std::string text =
      "# fish completion for sonde; `sonde completion fish | source`\ncomplete -c sonde -f\n";
  fish_command(shape, "", text);
  return text;
}

}  // namespace

Result<std::string> completion_script(const CommandShape& shape, const std::string& shell) {
  if (shell == "bash") {
    return bash_script(shape);
  }
  if (shell == "zsh") {
    return zsh_script(shape);
  }
  if (shell == "fish") {
    return fish_script(shape);
  }
  return Error{Code::InvalidArgument, "there are completion scripts for bash, zsh and fish"};
}

Result<int> run_completion(Context& context) {
  const std::string& shell = context.invocation.shell;
  TRY_ASSIGN(const std::string script, completion_script(command_line_shape(), shell));
  if (context.invocation.json()) {
    print_json(context, json::completion_object(shell, script));
  } else {
    context.streams.out << script;
  }
  return kDone;
}

}  // namespace sonde::faces::cli

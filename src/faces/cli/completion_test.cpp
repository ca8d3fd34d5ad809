#include "faces/cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <sstream>

#include "faces/cli/test_support.h"

namespace sonde::faces::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

std::string script_for(const std::string& shell) {
  auto script = completion_script(command_line_shape(), shell);
  EXPECT_TRUE(script.ok());
  return script.ok() ? *script : "";
}

/// What bash offers for a command line whose last word is being typed, in a folder with src/a.py.
std::vector<std::string> offered(const std::string& words) {
  const Rig rig;
  rig.write("project/src/a.py");
  rig.write("sonde.bash", script_for("bash"));
  rig.write("ask", "set -u\nsource " + rig.folder + "/sonde.bash\ncd " + rig.folder +
                       "/project\nCOMP_WORDS=(" + words +
                       ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_sonde\n"
                       "((${#COMPREPLY[@]})) && printf '%s\\n' \"${COMPREPLY[@]}\" || true\n");
  std::FILE* pipe = ::popen(("bash " + rig.folder + "/ask 2>&1").c_str(), "r");
  std::string text;
  std::array<char, 4096> buffer{};
  for (std::size_t n = 1; n > 0; text.append(buffer.data(), n)) {
    n = std::fread(buffer.data(), 1, buffer.size(), pipe);
  }
  EXPECT_EQ(::pclose(pipe), 0) << text;
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

TEST(BashCompletion, offers_commands_and_options) {
  EXPECT_THAT(offered("sonde ''"), Contains("search"));
  EXPECT_THAT(offered("sonde sea"), ElementsAre("search"));
  EXPECT_THAT(offered("sonde --ver"), ElementsAre("--version"));
  EXPECT_THAT(offered("sonde search x --no"), ElementsAre("--no-refresh"));
  EXPECT_THAT(offered("sonde index --not"), IsEmpty());
}

TEST(BashCompletion, offers_the_commands_of_a_command) {
  EXPECT_THAT(offered("sonde source a"), ElementsAre("add"));
  EXPECT_THAT(offered("sonde --quiet source r"), ElementsAre("remove"));
}

TEST(BashCompletion, offers_the_values_of_an_option_or_argument) {
  EXPECT_THAT(offered("sonde search --color ''"), ElementsAre("auto", "always", "never"));
  EXPECT_THAT(offered("sonde search x --kind fun"), ElementsAre("function"));
  EXPECT_THAT(offered("sonde completion b"), ElementsAre("bash"));
  EXPECT_THAT(offered("sonde search x -n ''"), IsEmpty());
}

TEST(BashCompletion, offers_files_where_a_path_goes) {
  EXPECT_THAT(offered("sonde index s"), ElementsAre("src"));
  EXPECT_THAT(offered("sonde source add sr"), ElementsAre("src"));
  EXPECT_THAT(offered("sonde status --library s"), ElementsAre("src"));
}

TEST(BashCompletion, the_value_of_an_option_is_no_command) {
  EXPECT_THAT(offered("sonde --library index sea"), ElementsAre("search"));
  EXPECT_THAT(offered("sonde search index --no"), ElementsAre("--no-refresh"));
}

TEST(Completion, every_shell_knows_every_command_and_option) {
  const CommandShape shape = command_line_shape();
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = script_for(shell);
    for (const CommandShape& command : shape.commands) {
      EXPECT_THAT(script, HasSubstr(command.name)) << shell;
      for (const OptionShape& option : command.options) {
        const std::string& name = option.names.back();
        EXPECT_THAT(script, HasSubstr(name.substr(name.find_first_not_of('-')))) << shell;
      }
    }
  }
}

TEST(Completion, another_shell_is_refused) {
  EXPECT_FALSE(completion_script(command_line_shape(), "tcsh").ok());
}

}  // namespace
}  // namespace sonde::faces::cli
